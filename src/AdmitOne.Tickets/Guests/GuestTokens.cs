using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Codes;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Guests;

/// <summary>
/// Issues and reads the bearer tokens of guests: <c>guest.</c> and Base64Url of tenant 16 bytes, user 16, end 8 (Unix seconds) and HMAC-SHA256 32. The key follows from
/// QR_ENCRYPTION_KEY, so only this service can issue one, and nothing is stored for a token that is never used.
/// </summary>
internal sealed class GuestTokens(IOptions<CodeOptions> options, TimeProvider clock) : IGuestTokens
{
    private const int BodyBytes = 40;
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(24);

    private readonly byte[][] _keys = options.Value.DeriveKeys("admitone/guest/1");

    /// <summary>A new person of this tenant, with a token for the next 24 hours.</summary>
    public (string Token, GuestToken Guest) Issue(Guid tenantId)
    {
        var ends = DateTimeOffset.FromUnixTimeSeconds((clock.GetUtcNow() + s_lifetime).ToUnixTimeSeconds());
        var guest = new GuestToken(tenantId, Guid.CreateVersion7(clock.GetUtcNow()), ends);
        Span<byte> bytes = stackalloc byte[BodyBytes + HMACSHA256.HashSizeInBytes];
        guest.TenantId.TryWriteBytes(bytes, bigEndian: true, out _);
        guest.UserId.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(bytes[32..], ends.ToUnixTimeSeconds());
        HMACSHA256.HashData(_keys[0], bytes[..BodyBytes], bytes[BodyBytes..]);
        return (IGuestTokens.Prefix + Base64Url.EncodeToString(bytes), guest);
    }

    public GuestToken? Read(ReadOnlySpan<char> token)
    {
        Span<byte> bytes = stackalloc byte[BodyBytes + HMACSHA256.HashSizeInBytes];
        if (!token.StartsWith(IGuestTokens.Prefix, StringComparison.Ordinal)) return null;
        var text = token[IGuestTokens.Prefix.Length..];
        if (text.Length != Base64Url.GetEncodedLength(bytes.Length) || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length != bytes.Length) return null;
        if (!IsSigned(bytes)) return null;
        return new GuestToken(new Guid(bytes[..16], bigEndian: true), new Guid(bytes[16..32], bigEndian: true), DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(bytes[32..])));
    }

    private bool IsSigned(ReadOnlySpan<byte> bytes)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var key in _keys)
        {
            HMACSHA256.HashData(key, bytes[..BodyBytes], mac);
            if (CryptographicOperations.FixedTimeEquals(mac, bytes[BodyBytes..])) return true;
        }
        return false;
    }
}
