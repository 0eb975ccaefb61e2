using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Idempotency;

/// <summary>
/// Encrypts what must be read again and must not be read in the database or a backup of it: with AES-256-GCM under a key that follows from
/// INTERNAL_API_KEY by HKDF-SHA256, bound to what it belongs to. What INTERNAL_API_KEY_PREVIOUS encrypted opens too.
/// </summary>
/// <param name="purpose">Each purpose has keys of its own.</param>
public abstract class KeySeal(IOptions<ServiceOptions> options, string purpose)
{
    private const string Prefix = "sealed:1:";   // nothing that is sealed begins like this: JSON, or whsec_
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyIdBytes = 8;

    private readonly byte[][] _keys = [.. new[] { options.Value.InternalApiKey, options.Value.InternalApiKeyPrevious }.Where(secret => !string.IsNullOrEmpty(secret))
        .Select(secret => HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret!), 32, info: Encoding.UTF8.GetBytes(purpose)))];

    /// <summary>Names the current key and says nothing about it: 16 hex digits.</summary>
    public string KeyId => Convert.ToHexStringLower(SHA256.HashData([.. "admitone seal key id"u8, .. _keys[0]]).AsSpan(0, KeyIdBytes));

    /// <param name="of">What the text belongs to: moved elsewhere, it does not open.</param>
    public string Seal(string text, string of)
    {
        var (plain, nonce) = (Encoding.UTF8.GetBytes(text), RandomNumberGenerator.GetBytes(NonceBytes));
        var (cipher, tag) = (new byte[plain.Length], new byte[TagBytes]);
        using var aes = new AesGcm(_keys[0], TagBytes);
        aes.Encrypt(nonce, plain, cipher, tag, Encoding.UTF8.GetBytes(of));
        return Prefix + Convert.ToBase64String([.. nonce, .. cipher, .. tag]);
    }

    /// <returns>The text; itself if it is not sealed; null if it was sealed with a key that is gone, or for something else.</returns>
    public string? Open(string text, string of)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) return text;
        var bytes = Convert.FromBase64String(text[Prefix.Length..]);
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

/// <summary>Keeps answers that show a secret this once, bound to whose answer to which key it is.</summary>
internal sealed class AnswerSeal(IOptions<ServiceOptions> options) : KeySeal(options, "admitone kept answers");

/// <summary>Keeps secrets that the service itself uses or shows again: those of webhook endpoints, and what a buyer's browser confirms a payment with.</summary>
public sealed class SecretSeal(IOptions<ServiceOptions> options) : KeySeal(options, "admitone stored secrets");

public static class SecretAnswers
{
    /// <summary>The answer has a secret that is shown this once: what is kept of it for a repeated request is sealed.</summary>
    public static TBuilder AnswersWithASecret<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new SecretAnswer());
}

internal sealed class SecretAnswer;
