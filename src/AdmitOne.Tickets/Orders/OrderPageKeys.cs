using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Tickets.Codes;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Orders;

/// <summary>
/// Makes and reads the keys of orders' pages: Base64Url of the tenant's id, 16 bytes, and of 16 bytes of an HMAC-SHA256 of tenant and order number. The secret follows from
/// QR_ENCRYPTION_KEY, so a page opens for as long as the codes that it shows. Nothing is stored: a copied database opens no page.
/// </summary>
internal sealed class OrderPageKeys(IOptions<CodeOptions> options)
{
    private const int TenantBytes = 16;
    private const int MacBytes = 16;

    private readonly byte[][] _keys = options.Value.DeriveKeys("admitone/order-page/1");

    /// <returns>43 characters, the same for the same order.</returns>
    public string Of(Guid tenantId, string orderNumber)
    {
        Span<byte> bytes = stackalloc byte[TenantBytes + MacBytes];
        tenantId.TryWriteBytes(bytes, bigEndian: true, out _);
        Mac(_keys[0], bytes[..TenantBytes], orderNumber).AsSpan(0, MacBytes).CopyTo(bytes[TenantBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Finds whose order it is. A wrong key costs no database call.</summary>
    /// <returns>Null if the key is not this order's.</returns>
    public Guid? FindTenant(string orderNumber, string key)
    {
        Span<byte> bytes = stackalloc byte[TenantBytes + MacBytes];
        if (key.Length != Base64Url.GetEncodedLength(bytes.Length) || !Base64Url.IsValid(key) || !Base64Url.TryDecodeFromChars(key, bytes, out _)) return null;
        foreach (var secret in _keys)
            if (CryptographicOperations.FixedTimeEquals(Mac(secret, bytes[..TenantBytes], orderNumber).AsSpan(0, MacBytes), bytes[TenantBytes..])) return new Guid(bytes[..TenantBytes], bigEndian: true);
        return null;
    }

    private static byte[] Mac(byte[] key, ReadOnlySpan<byte> tenant, string orderNumber) => HMACSHA256.HashData(key, (byte[])[.. tenant, .. Encoding.UTF8.GetBytes(orderNumber)]);
}
