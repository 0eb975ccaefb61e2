using System.Net;
using System.Net.Sockets;
using Microsoft.Security.AntiSSRF;

namespace AdmitOne.Platform.Outbound;

/// <summary>Which addresses are anybody's: not this machine, not this network, not the one where a cloud keeps its secrets.</summary>
public static class PublicAddresses
{
    private const int MaxLength = 2000;

    // What Microsoft's library refuses too: ranges for documentation, anycast, translation and the like.
    private static readonly IPNetwork[] s_refused = Array.ConvertAll(IPAddressRanges.recommendedLatest, IPNetwork.Parse);

    private static readonly string[] s_localNames = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "test", "invalid", "arpa", "onion"];

    /// <summary>An https URL on a host that could be public. What its name resolves to is looked at when it is called.</summary>
    public static bool IsPublicHttps(string text) =>
        text is { Length: > 0 and <= MaxLength }
        && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
        && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Scheme == Uri.UriSchemeHttps && url.UserInfo.Length == 0
        && IsPublic(url);

    /// <summary>True for global unicast addresses; false for private, loopback, link-local (cloud metadata), shared, reserved and multicast ones.</summary>
    public static bool IsPublic(IPAddress ip)
    {
        ArgumentNullException.ThrowIfNull(ip);
        if (ip.IsIPv4MappedToIPv6) ip = ip.MapToIPv4();
        if (Array.Exists(s_refused, network => network.Contains(ip))) return false;
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

    // Uri has already turned other spellings (2130706433, 0x7f.1) into the usual one.
    private static bool IsPublic(Uri url) => url.HostNameType switch
    {
        UriHostNameType.IPv4 or UriHostNameType.IPv6 => IPAddress.TryParse(url.DnsSafeHost, out var ip) && IsPublic(ip),
        UriHostNameType.Dns => IsPublicName(url.IdnHost.TrimEnd('.')),
        _ => false,
    };

    // A name of one label belongs to somebody's own network.
    private static bool IsPublicName(string host) => host.Contains('.') && !s_localNames.Contains(host[(host.LastIndexOf('.') + 1)..].ToLowerInvariant());
}
