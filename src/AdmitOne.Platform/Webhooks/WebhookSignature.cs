using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Platform.Webhooks;

/// <summary>Signatures of webhooks: HMAC-SHA256 over id, timestamp and body.</summary>
/// <remarks>Standard Webhooks 1.0.</remarks>
public static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    /// <summary>How far a timestamp may be from now, in either direction.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private const string SecretPrefix = "whsec_";
    private const string Version = "v1,";

    /// <param name="secret">After <c>whsec_</c> base64; any other text is taken as its UTF-8 bytes.</param>
    /// <param name="message">The webhook's id and its timestamp in Unix seconds.</param>
    /// <returns><c>v1,</c> and 44 characters of base64.</returns>
    public static string Sign(string secret, (string Id, long Timestamp) message, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Key(secret));
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{message.Id}.{message.Timestamp}.")));
        hash.AppendData(body);
        return Version + Convert.ToBase64String(hash.GetHashAndReset());
    }

    /// <summary>Compares in constant time; one of several signatures, separated by spaces, is enough.</summary>
    public static bool IsValid(string secret, (string Id, long Timestamp) message, ReadOnlySpan<byte> body, string signatures)
    {
        ArgumentNullException.ThrowIfNull(signatures);
        var expected = Encoding.ASCII.GetBytes(Sign(secret, message, body));
        var found = false;
        foreach (var signature in signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries)) found |= CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature));
        return found;
    }

    private static byte[] Key(string secret) =>
        secret.StartsWith(SecretPrefix, StringComparison.Ordinal) && TryBase64(secret[SecretPrefix.Length..], out var key) ? key : Encoding.UTF8.GetBytes(secret);

    private static bool TryBase64(string text, out byte[] bytes)
    {
        var buffer = new byte[text.Length];
        var isBase64 = Convert.TryFromBase64String(text, buffer, out var length);
        bytes = buffer[..length];
        return isBase64;
    }
}
