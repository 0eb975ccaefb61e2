using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Tickets.Payments;

/// <summary>The <c>Stripe-Signature</c> header: <c>t=</c> Unix seconds and one or more <c>v1=</c>, hex HMAC-SHA256 over "t.body".</summary>
public static class StripeSignature
{
    public const string Header = "Stripe-Signature";

    /// <summary>How far the timestamp may be from now, in either direction.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <param name="timestamp">Unix seconds.</param>
    /// <returns>64 lower-case hex digits.</returns>
    public static string Sign(string secret, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes(timestamp.ToString(CultureInfo.InvariantCulture) + "."));
        hmac.AppendData(body);
        return Convert.ToHexStringLower(hmac.GetHashAndReset());
    }

    /// <summary>Compares in constant time.</summary>
    /// <returns>The signed time, or null if no signature of scheme v1 is right.</returns>
    public static DateTimeOffset? Verify(string secret, string header, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(header);
        var parts = header.Split(',').Select(part => part.Trim().Split('=', 2)).Where(part => part.Length == 2).ToLookup(part => part[0], part => part[1]);
        if (!long.TryParse(parts["t"].FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp) || timestamp > DateTimeOffset.MaxValue.ToUnixTimeSeconds()) return null;
        var expected = Encoding.ASCII.GetBytes(Sign(secret, timestamp, body));
        var found = false;
        foreach (var signature in parts["v1"]) found |= CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature));
        return found ? DateTimeOffset.FromUnixTimeSeconds(timestamp) : null;
    }
}
