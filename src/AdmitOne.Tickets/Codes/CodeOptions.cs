using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Codes;

public sealed class CodeOptions
{
    /// <summary>Seals ticket codes; at least 32 characters. Rotate with QR_ENCRYPTION_KEY_PREVIOUS.</summary>
    [ConfigurationKeyName("QR_ENCRYPTION_KEY"), Required, Secret]
    public string Key { get; set; } = "";

    /// <summary>Codes sealed with it are still opened.</summary>
    [ConfigurationKeyName("QR_ENCRYPTION_KEY_PREVIOUS"), Secret]
    public string? KeyPrevious { get; set; }

    /// <summary>Signs static codes: a P-256 private key as PEM. Without it one is derived from QR_ENCRYPTION_KEY.</summary>
    [ConfigurationKeyName("CODE_SIGNING_KEY")]
    public string? SigningKey { get; set; }

    /// <summary>Codes signed with it are still accepted: a P-256 key as PEM.</summary>
    [ConfigurationKeyName("CODE_SIGNING_KEY_PREVIOUS")]
    public string? SigningKeyPrevious { get; set; }

    /// <summary>Keys for another purpose that only this service has: of QR_ENCRYPTION_KEY first, then of QR_ENCRYPTION_KEY_PREVIOUS, if there is one.</summary>
    /// <param name="purpose">Each purpose has keys of its own (the info of HKDF-SHA256).</param>
    /// <returns>32 bytes each.</returns>
    internal byte[][] DeriveKeys(string purpose) => [.. new[] { Key, KeyPrevious }.Where(secret => !string.IsNullOrEmpty(secret))
        .Select(secret => HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret!), 32, salt: null, info: Encoding.UTF8.GetBytes(purpose)))];
}

[OptionsValidator]
internal sealed partial class CodeOptionsAnnotations : IValidateOptions<CodeOptions>;

internal sealed class CodeOptionsRules : IValidateOptions<CodeOptions>
{
    public ValidateOptionsResult Validate(string? name, CodeOptions options)
    {
        var wrong = new[] { ("CODE_SIGNING_KEY", options.SigningKey), ("CODE_SIGNING_KEY_PREVIOUS", options.SigningKeyPrevious) }
            .Where(pem => !string.IsNullOrEmpty(pem.Item2) && !IsP256(pem.Item2)).Select(pem => $"{pem.Item1} must be a P-256 key in PEM form.").ToArray();
        return wrong.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static bool IsP256(string pem)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(pem);
            return key.KeySize == 256;
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or CryptographicException)
        {
            return false;
        }
    }
}
