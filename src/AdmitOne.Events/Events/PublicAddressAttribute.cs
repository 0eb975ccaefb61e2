using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;

namespace AdmitOne.Events.Events;

/// <summary>An https address that anybody can reach: no private, loopback or link-local host, no user name in it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PublicAddressAttribute() : ValidationAttribute("Must be an https address on a public host.")
{
    private const int MaxLength = 2000;

    private static readonly string[] s_localNames = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "test", "invalid", "arpa", "onion"];

    public override bool IsValid(object? value) => value is null || (value is string { Length: <= MaxLength } text
        && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme == Uri.UriSchemeHttps && address.UserInfo.Length == 0
        && IsPublic(address));

    // Uri has already turned other spellings (2130706433, 0x7f.1) into the usual one.
    private static bool IsPublic(Uri address) => address.HostNameType switch
    {
        UriHostNameType.IPv4 or UriHostNameType.IPv6 => IPAddress.TryParse(address.DnsSafeHost, out var ip) && IsPublic(ip),
        UriHostNameType.Dns => IsPublicName(address.IdnHost.TrimEnd('.')),
        _ => false,
    };

    // A name of one label belongs to somebody's own network.
    private static bool IsPublicName(string host) => host.Contains('.') && !s_localNames.Contains(host[(host.LastIndexOf('.') + 1)..].ToLowerInvariant());

    private static bool IsPublic(IPAddress ip)
    {
        if (ip.IsIPv4MappedToIPv6) ip = ip.MapToIPv4();
        var b = ip.GetAddressBytes();
        if (ip.AddressFamily == AddressFamily.InterNetwork)
        {
            return b switch
            {
                [0 or 10 or 127, ..] => false,
                [100, >= 64 and <= 127, ..] => false,      // shared address space, RFC 6598
                [169, 254, ..] => false,
                [172, >= 16 and <= 31, ..] => false,
                [192, 168, ..] or [192, 0, 0, ..] => false,
                [198, 18 or 19, ..] => false,              // benchmarking, RFC 2544
                [>= 224, ..] => false,
                _ => true,
            };
        }
        // Global unicast is 2000::/3; of that, 6to4 and Teredo can carry a private IPv4 address inside.
        return (b[0] & 0xE0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x02) && !(b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0);
    }
}
