using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Schema;

/// <summary>What PostgreSQL stores of a password, made here, so that the password is neither sent nor ever in the server's log.</summary>
/// <remarks>RFC 5803; psql's <c>\password</c> does the same.</remarks>
internal static class ScramVerifier
{
    private const int Iterations = 4096;
    private const int SaltBytes = 16;
    private const int KeyBytes = 32;

    /// <returns>Null for a password that needs SASLprep (RFC 4013): anything but printable ASCII.</returns>
    public static string? TryMake(string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        if (password.Any(c => c is < ' ' or > '~')) return null;
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, KeyBytes);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return new StringBuilder("SCRAM-SHA-256$").Append(Iterations).Append(':').Append(Convert.ToBase64String(salt))
            .Append('$').Append(Convert.ToBase64String(stored)).Append(':').Append(Convert.ToBase64String(server)).ToString();
    }
}
