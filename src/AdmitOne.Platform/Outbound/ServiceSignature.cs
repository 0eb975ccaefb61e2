using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Platform.Outbound;

/// <summary>What one service says of itself when it calls another.</summary>
/// <param name="Timestamp">Unix seconds.</param>
public sealed record SignedCall(string Service, long Timestamp, string Nonce, string Method, string PathAndQuery, string Tenant);

/// <summary>Service-to-service signatures: HMAC-SHA256 over everything that matters of a call, its body included.</summary>
public static class ServiceSignature
{
    public const string ServiceHeader = "X-Service";
    public const string TimestampHeader = "X-Timestamp";
    public const string NonceHeader = "X-Nonce";
    public const string TenantHeader = "X-Tenant-Id";
    public const string SignatureHeader = "X-Signature";

    /// <summary>How far a timestamp may be from now, in either direction.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    /// <returns>64 lower-case hex digits.</returns>
    public static string Sign(string key, SignedCall call, ReadOnlySpan<byte> body) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(SignedText(call, body))));

    /// <summary>Compares in constant time.</summary>
    public static bool IsValid(string key, SignedCall call, ReadOnlySpan<byte> body, string signature) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(key, call, body)), Encoding.UTF8.GetBytes(signature));

    internal static string SignedText(SignedCall call, ReadOnlySpan<byte> body) => string.Join('\n',
        call.Service, call.Timestamp.ToString(CultureInfo.InvariantCulture), call.Nonce, call.Method, call.PathAndQuery, call.Tenant,
        Convert.ToHexStringLower(SHA256.HashData(body)));
}
