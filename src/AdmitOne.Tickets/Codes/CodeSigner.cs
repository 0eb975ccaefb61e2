using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Codes;

/// <summary>Signs static codes with ECDSA P-256, so that a device at the door can check one with public keys alone.</summary>
public sealed class CodeSigner : IDisposable
{
    public const int SignatureBytes = 64;

    private readonly ECDsa _key;
    private readonly ECDsa? _previous;

    public CodeSigner(IOptions<CodeOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _key = string.IsNullOrEmpty(options.Value.SigningKey) ? Derive(options.Value.Key) : Import(options.Value.SigningKey);
        // What was derived from the key before is still to be accepted while that one is rotated.
        _previous = !string.IsNullOrEmpty(options.Value.SigningKeyPrevious) ? Import(options.Value.SigningKeyPrevious)
            : string.IsNullOrEmpty(options.Value.SigningKey) && !string.IsNullOrEmpty(options.Value.KeyPrevious) ? Derive(options.Value.KeyPrevious)
            : null;
    }

    /// <returns>64 bytes: r and s (IEEE P1363). Random, so a signature that is to be shown again is kept.</returns>
    public byte[] Sign(ReadOnlySpan<byte> carrier) => _key.SignData(carrier, HashAlgorithmName.SHA256);

    public bool IsSigned(ReadOnlySpan<byte> carrier, ReadOnlySpan<byte> signature) =>
        _key.VerifyData(carrier, signature, HashAlgorithmName.SHA256) || _previous?.VerifyData(carrier, signature, HashAlgorithmName.SHA256) == true;

    /// <summary>The public halves, the current one first: a signature that one of them verifies is good.</summary>
    public IReadOnlyList<ECParameters> PublicKeys => new[] { _key, _previous }.OfType<ECDsa>().Select(key => key.ExportParameters(includePrivateParameters: false)).ToArray();

    public void Dispose()
    {
        _key.Dispose();
        _previous?.Dispose();
    }

    private static ECDsa Import(string pem)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key;
    }

    // Every replica must sign alike, so a key that was not given follows from the one that was (FIPS 186-5, A.2.1: extra bits, then modulo n - 1).
    private static ECDsa Derive(string secret)
    {
        var order = BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
        var bits = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 40, salt: null, info: "admitone/code/1/sign"u8.ToArray());
        var d = (new BigInteger(bits, isUnsigned: true, isBigEndian: true) % (order - 1)) + 1;
        var bytes = new byte[32];
        var written = d.ToByteArray(isUnsigned: true, isBigEndian: true);
        written.CopyTo(bytes.AsSpan(32 - written.Length));
        return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = bytes });
    }
}
