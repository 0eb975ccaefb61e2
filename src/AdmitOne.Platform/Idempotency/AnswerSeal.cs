using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Idempotency;

/// <summary>
/// Keeps answers that show a secret this once: sealed with AES-256-GCM under a key that follows from INTERNAL_API_KEY by HKDF-SHA256, and bound
/// to whose answer to which key it is. Who reads the database, or a backup of it, reads no credential.
/// </summary>
internal sealed class AnswerSeal(IOptions<ServiceOptions> options)
{
    private const string Prefix = "sealed:1:";   // no answer begins like this: they are JSON
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[][] _keys = [.. new[] { options.Value.InternalApiKey, options.Value.InternalApiKeyPrevious }.Where(secret => !string.IsNullOrEmpty(secret))
        .Select(secret => HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret!), 32, info: "admitone kept answers"u8.ToArray()))];

    public string Seal(string body, string of)
    {
        var (plain, nonce) = (Encoding.UTF8.GetBytes(body), RandomNumberGenerator.GetBytes(NonceBytes));
        var (cipher, tag) = (new byte[plain.Length], new byte[TagBytes]);
        using var aes = new AesGcm(_keys[0], TagBytes);
        aes.Encrypt(nonce, plain, cipher, tag, Encoding.UTF8.GetBytes(of));
        return Prefix + Convert.ToBase64String([.. nonce, .. cipher, .. tag]);
    }

    /// <returns>The body; itself if it is not sealed; null if it was sealed with a key that is gone, or for another request.</returns>
    public string? Open(string body, string of)
    {
        if (!body.StartsWith(Prefix, StringComparison.Ordinal)) return body;
        var bytes = Convert.FromBase64String(body[Prefix.Length..]);
        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        foreach (var key in _keys)
        {
            try
            {
                using var aes = new AesGcm(key, TagBytes);
                aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes, plain.Length), bytes.AsSpan(NonceBytes + plain.Length), plain, Encoding.UTF8.GetBytes(of));
                return Encoding.UTF8.GetString(plain);
            }
            catch (AuthenticationTagMismatchException)
            {
                // Not with this key.
            }
        }
        return null;
    }
}

public static class SecretAnswers
{
    /// <summary>The answer has a secret that is shown this once: what is kept of it for a repeated request is sealed.</summary>
    public static TBuilder AnswersWithASecret<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new SecretAnswer());
}

internal sealed class SecretAnswer;
