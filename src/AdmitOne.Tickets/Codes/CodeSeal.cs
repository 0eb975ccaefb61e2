using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.ObjectPool;
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
    private const int MaxKept = 10_000;

    private readonly (byte Id, byte[] Secret)[] _secrets;
    private readonly ConcurrentDictionary<(Guid TenantId, int Secret), Keys> _keys = new();

    public CodeSeal(IOptions<CodeOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _secrets = new[] { options.Value.Key, options.Value.KeyPrevious }.Where(k => !string.IsNullOrEmpty(k)).Select(k => Encoding.UTF8.GetBytes(k!))
            .Select(secret => (KeyId(secret), secret)).ToArray();
    }

    /// <summary>The ids of the keys that are in use, the current one first.</summary>
    public IReadOnlyList<byte> KeyIds => Array.ConvertAll(_secrets, s => s.Id);

    /// <returns>The carrier: 49 bytes, the same for the same ticket and owner.</returns>
    public byte[] Seal(Guid tenantId, SealedTicket ticket) => Seal(tenantId, ticket, secret: 0);

    /// <summary>The carriers that this ticket and owner may show: one for each key that is in use, the current one first.</summary>
    public IEnumerable<byte[]> SealWithEachKey(Guid tenantId, SealedTicket ticket) => Enumerable.Range(0, _secrets.Length).Select(n => Seal(tenantId, ticket, n));

    /// <summary>Opens a carrier that was sealed for this tenant with the current or the previous key.</summary>
    /// <returns>False for everything else; neither the answer nor the time it takes tells why.</returns>
    public bool TryOpen(Guid tenantId, ReadOnlySpan<byte> carrier, out SealedTicket ticket)
    {
        ticket = default;
        if (carrier.Length != CarrierBytes) return false;
        var tried = false;
        for (var n = 0; n < _secrets.Length; n++)
        {
            if (_secrets[n].Id != carrier[1] || carrier[0] != FormatVersion) continue;
            tried = true;
            if (TryOpen(KeysOf(tenantId, n), carrier, out ticket)) return true;
        }
        // A key that we do not have costs what a wrong one does.
        if (!tried) _ = TryOpen(KeysOf(tenantId, 0), carrier, out _);
        return false;
    }

    /// <summary>The secret with which the owner's phone makes rotating codes: it follows from the carrier, and so is new with each owner and key.</summary>
    /// <returns>32 bytes.</returns>
    public byte[] RotationSecret(Guid tenantId, ReadOnlySpan<byte> carrier)
    {
        var secret = Math.Max(0, Array.FindIndex(_secrets, KeyOf(carrier[1])));
        return HMACSHA256.HashData(KeysOf(tenantId, secret).Rotation, carrier);

        static Predicate<(byte Id, byte[] Secret)> KeyOf(byte id) => s => s.Id == id;
    }

    /// <summary>Works as long as a refusal of an unknown carrier does, for one that opened and is refused all the same.</summary>
    internal void PretendToFail(Guid tenantId, ReadOnlySpan<byte> carrier)
    {
        Span<byte> broken = stackalloc byte[CarrierBytes];
        carrier.CopyTo(broken);
        broken[CarrierBytes - 1] ^= 1;
        _ = TryOpen(KeysOf(tenantId, 0), broken, out _);
    }

    private byte[] Seal(Guid tenantId, SealedTicket ticket, int secret)
    {
        Span<byte> plain = stackalloc byte[PlainBytes];
        ticket.TicketId.TryWriteBytes(plain, bigEndian: true, out _);
        BinaryPrimitives.WriteInt16BigEndian(plain[16..], ticket.OwnerVersion);
        plain[18] = ticket.Flags;

        var keys = KeysOf(tenantId, secret);
        var carrier = new byte[CarrierBytes];
        carrier[0] = FormatVersion;
        carrier[1] = _secrets[secret].Id;
        var nonce = carrier.AsSpan(HeaderBytes, NonceBytes);
        HMACSHA256.HashData(keys.Nonce, plain).AsSpan(0, NonceBytes).CopyTo(nonce);
        var aes = keys.Cipher.Get();
        aes.Encrypt(nonce, plain, carrier.AsSpan(HeaderBytes + NonceBytes, PlainBytes), carrier.AsSpan(CarrierBytes - TagBytes), carrier.AsSpan(0, HeaderBytes));
        keys.Cipher.Return(aes);
        return carrier;
    }

    private static bool TryOpen(Keys keys, ReadOnlySpan<byte> carrier, out SealedTicket ticket)
    {
        ticket = default;
        Span<byte> plain = stackalloc byte[PlainBytes];
        var aes = keys.Cipher.Get();
        try
        {
            aes.Decrypt(carrier.Slice(HeaderBytes, NonceBytes), carrier.Slice(HeaderBytes + NonceBytes, PlainBytes), carrier[(CarrierBytes - TagBytes)..], plain, carrier[..HeaderBytes]);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            keys.Cipher.Return(aes);
        }
        ticket = new SealedTicket(new Guid(plain[..16], bigEndian: true), BinaryPrimitives.ReadInt16BigEndian(plain[16..]), plain[18]);
        return true;
    }

    private Keys KeysOf(Guid tenantId, int secret)
    {
        if (_keys.TryGetValue((tenantId, secret), out var keys)) return keys;
        if (_keys.Count >= MaxKept) _keys.Clear();
        var from = _secrets[secret].Secret;
        return _keys[(tenantId, secret)] = new Keys(Derive(from, tenantId, "seal"), Derive(from, tenantId, "nonce"), Derive(from, tenantId, "rotation"));
    }

    private static byte KeyId(byte[] secret) => SHA256.HashData([.. "admitone code key id"u8, .. secret])[0];

    private static byte[] Derive(byte[] secret, Guid tenantId, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, salt: null, info: Encoding.UTF8.GetBytes($"admitone/code/1/{purpose}/{tenantId:D}"));

    /// <summary>The keys of one tenant under one secret.</summary>
    private sealed record Keys(byte[] Seal, byte[] Nonce, byte[] Rotation)
    {
        // To prepare a key for AES takes longer than to seal or open a carrier with it, and what is prepared serves one thread at a time.
        public ObjectPool<AesGcm> Cipher { get; } = new DefaultObjectPool<AesGcm>(new Ciphers(Seal));
    }

    private sealed class Ciphers(byte[] key) : PooledObjectPolicy<AesGcm>
    {
        public override AesGcm Create() => new(key, TagBytes);

        public override bool Return(AesGcm obj) => true;
    }
}
