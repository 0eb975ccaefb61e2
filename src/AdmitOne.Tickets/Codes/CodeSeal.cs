using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Codes;

/// <summary>What a code says once it is opened.</summary>
/// <param name="OwnerVersion">Grows with each owner: the codes of earlier ones no longer admit.</param>
public readonly record struct SealedTicket(Guid TicketId, short OwnerVersion, byte Flags);

/// <summary>
/// Seals a ticket into the carrier that its QR code shows, and opens what a scanner read: version 1 byte, key id 1, nonce 12, AES-256-GCM of
/// {ticket id 16, owner version 2, flags 1}, tag 16 — 49 bytes. A code is opened in the process; only a real one costs a database call.
/// </summary>
/// <remarks>
/// Keys come from QR_ENCRYPTION_KEY by HKDF-SHA256, one for each tenant and purpose, so that a code of another organiser opens nowhere else.
/// The nonce is an HMAC of the plaintext under a key of its own: one ticket and owner always give one carrier, which need not be stored, and
/// no two plaintexts ever share a nonce on purpose (NIST SP 800-38D, section 8.3, with 2^32 as the bound on carriers of one tenant and key).
/// </remarks>
public sealed class CodeSeal
{
    public const int CarrierBytes = 49;

    private const byte FormatVersion = 1;
    private const int NonceBytes = 12;
    private const int PlainBytes = 19;
    private const int TagBytes = 16;
    private const int HeaderBytes = 2;

    private readonly byte[][] _secrets;

    public CodeSeal(IOptions<CodeOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _secrets = new[] { options.Value.Key, options.Value.KeyPrevious }.Where(k => !string.IsNullOrEmpty(k)).Select(k => Encoding.UTF8.GetBytes(k!)).ToArray();
    }

    /// <returns>The carrier: 49 bytes, the same for the same ticket and owner.</returns>
    public byte[] Seal(Guid tenantId, SealedTicket ticket)
    {
        Span<byte> plain = stackalloc byte[PlainBytes];
        ticket.TicketId.TryWriteBytes(plain, bigEndian: true, out _);
        BinaryPrimitives.WriteInt16BigEndian(plain[16..], ticket.OwnerVersion);
        plain[18] = ticket.Flags;

        var carrier = new byte[CarrierBytes];
        carrier[0] = FormatVersion;
        carrier[1] = KeyId(_secrets[0]);
        var nonce = carrier.AsSpan(HeaderBytes, NonceBytes);
        HMACSHA256.HashData(Derive(_secrets[0], tenantId, "nonce"), plain).AsSpan(0, NonceBytes).CopyTo(nonce);
        using var aes = new AesGcm(Derive(_secrets[0], tenantId, "seal"), TagBytes);
        aes.Encrypt(nonce, plain, carrier.AsSpan(HeaderBytes + NonceBytes, PlainBytes), carrier.AsSpan(CarrierBytes - TagBytes), carrier.AsSpan(0, HeaderBytes));
        return carrier;
    }

    /// <summary>Opens a carrier that was sealed for this tenant with the current or the previous key.</summary>
    /// <returns>False for everything else; nothing tells why.</returns>
    public bool TryOpen(Guid tenantId, ReadOnlySpan<byte> carrier, out SealedTicket ticket)
    {
        ticket = default;
        if (carrier.Length != CarrierBytes || carrier[0] != FormatVersion) return false;
        Span<byte> plain = stackalloc byte[PlainBytes];
        foreach (var secret in _secrets)
        {
            if (KeyId(secret) != carrier[1]) continue;
            using var aes = new AesGcm(Derive(secret, tenantId, "seal"), TagBytes);
            try
            {
                aes.Decrypt(carrier.Slice(HeaderBytes, NonceBytes), carrier.Slice(HeaderBytes + NonceBytes, PlainBytes), carrier[(CarrierBytes - TagBytes)..], plain, carrier[..HeaderBytes]);
            }
            catch (AuthenticationTagMismatchException)
            {
                continue;
            }
            ticket = new SealedTicket(new Guid(plain[..16], bigEndian: true), BinaryPrimitives.ReadInt16BigEndian(plain[16..]), plain[18]);
            return true;
        }
        return false;
    }

    private static byte KeyId(byte[] secret) => SHA256.HashData([.. "admitone code key id"u8, .. secret])[0];

    private static byte[] Derive(byte[] secret, Guid tenantId, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, salt: null, info: Encoding.UTF8.GetBytes($"admitone/code/1/{purpose}/{tenantId:D}"));
}
