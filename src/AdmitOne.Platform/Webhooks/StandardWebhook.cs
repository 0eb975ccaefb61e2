using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Platform.Webhooks;

/// <summary>Signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body, in base64 behind <c>v1,</c>.</summary>
public static class StandardWebhook
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    /// <summary>How far a timestamp may be from now, in either direction.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private const string EncodedPrefix = "whsec_";

    /// <param name="secret">Base64 behind <c>whsec_</c>; any other text is used as its UTF-8 bytes.</param>
    /// <param name="timestamp">Unix seconds.</param>
    /// <returns><c>v1,</c> and 44 characters.</returns>
    public static string Sign(string secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Key(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp.ToString(CultureInfo.InvariantCulture)}."));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    /// <summary>Compares in constant time.</summary>
    /// <param name="signatures">As the header has them: one or more, apart by spaces. Those of other versions than v1 are not ours to judge.</param>
    public static bool IsValid(string secret, string id, long timestamp, ReadOnlySpan<byte> body, string signatures)
    {
        ArgumentNullException.ThrowIfNull(signatures);
        var expected = Encoding.ASCII.GetBytes(Sign(secret, id, timestamp, body));
        var found = false;
        foreach (var one in signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries)) found |= CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(one));
        return found;
    }

    private static byte[] Key(string secret)
    {
        if (!secret.StartsWith(EncodedPrefix, StringComparison.Ordinal)) return Encoding.UTF8.GetBytes(secret);
        var key = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[EncodedPrefix.Length..], key, out var length) ? key[..length] : Encoding.UTF8.GetBytes(secret);
    }
}
