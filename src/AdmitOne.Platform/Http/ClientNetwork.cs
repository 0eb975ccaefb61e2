using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Http;

/// <summary>Where a call comes from, as limits count it.</summary>
public static class ClientNetwork
{
    /// <summary>The client's IPv4 address or its IPv6 network of 64 bits, which is what one home has: single IPv6 addresses are too many to count.</summary>
    public static string Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Connection.RemoteIpAddress is not { } address) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
