using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AdmitOne.Tickets.Codes;

/// <summary>How a ticket stood when the pack was made. <see cref="Transferred"/> is the state of a code whose owner gave the ticket away.</summary>
public enum PackedState : byte { Issued = 0, Blocked = 1, Refunded = 2, Cancelled = 3, Transferred = 4 }

/// <summary>What a scanner knows of one ticket, once its code is held out.</summary>
/// <param name="Type">The place in the pack's list of types.</param>
/// <param name="Section">The place in the pack's list of sections.</param>
/// <param name="Initials">The holder's, at most 11 bytes of UTF-8.</param>
/// <param name="Inside">Null if it was never admitted.</param>
/// <param name="Secret">32 bytes, with which rotating codes are checked; null at an event with static ones.</param>
public sealed record PackedTicket(ushort Type, ushort Section, string Initials, PackedState State, bool? Inside, byte[]? Secret);

/// <summary>
/// One record of a door pack: 8 bytes of SHA-256("lookup" ‖ carrier), a nonce of 12, AES-256-GCM of the ticket under a key that follows from
/// the carrier, and its tag. Whoever has the pack and not the code learns neither who comes nor what they hold: a stolen scanner has no guest list.
/// </summary>
/// <remarks>
/// The nonce is an HMAC of the plaintext under a key of its own, so the same state always gives the same record and two states of a ticket
/// never share a nonce. All records of a pack have one length.
/// </remarks>
public static class PackRecord
{
    public const int LookupBytes = 8;
    public const int StaticBytes = LookupBytes + NonceBytes + PlainBytes + TagBytes;
    public const int RotatingBytes = StaticBytes + SecretBytes;

    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;
    private const int SecretBytes = 32;
    private const int InitialsBytes = 11;
    private const int PlainBytes = 5 + InitialsBytes;
    private const byte Admitted = 0x10;
    private const byte IsInside = 0x20;

    /// <returns>8 bytes by which a scanner finds the record of a code.</returns>
    public static byte[] Lookup(ReadOnlySpan<byte> carrier) => SHA256.HashData([.. "lookup"u8, .. carrier])[..LookupBytes];

    public static byte[] Seal(ReadOnlySpan<byte> carrier, PackedTicket ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        Span<byte> plain = stackalloc byte[PlainBytes + (ticket.Secret is null ? 0 : SecretBytes)];
        plain.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(plain, ticket.Type);
        BinaryPrimitives.WriteUInt16BigEndian(plain[2..], ticket.Section);
        plain[4] = (byte)((byte)ticket.State | (ticket.Inside is null ? 0 : Admitted) | (ticket.Inside == true ? IsInside : 0));
        WriteInitials(ticket.Initials, plain.Slice(5, InitialsBytes));
        ticket.Secret?.CopyTo(plain[PlainBytes..]);

        var record = new byte[LookupBytes + NonceBytes + plain.Length + TagBytes];
        Lookup(carrier).CopyTo(record, 0);
        var keys = Keys(carrier);
        var nonce = record.AsSpan(LookupBytes, NonceBytes);
        HMACSHA256.HashData(keys.AsSpan(KeyBytes), plain).AsSpan(0, NonceBytes).CopyTo(nonce);
        using var aes = new AesGcm(keys.AsSpan(0, KeyBytes), TagBytes);
        aes.Encrypt(nonce, plain, record.AsSpan(LookupBytes + NonceBytes, plain.Length), record.AsSpan(record.Length - TagBytes), record.AsSpan(0, LookupBytes));
        return record;
    }

    /// <returns>False unless the record is that of this carrier.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> carrier, ReadOnlySpan<byte> record, out PackedTicket? ticket)
    {
        ticket = null;
        if (record.Length is not (StaticBytes or RotatingBytes)) return false;
        Span<byte> plain = stackalloc byte[record.Length - LookupBytes - NonceBytes - TagBytes];
        using var aes = new AesGcm(Keys(carrier).AsSpan(0, KeyBytes), TagBytes);
        try
        {
            aes.Decrypt(record.Slice(LookupBytes, NonceBytes), record.Slice(LookupBytes + NonceBytes, plain.Length), record[^TagBytes..], plain, record[..LookupBytes]);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        ticket = new PackedTicket(BinaryPrimitives.ReadUInt16BigEndian(plain), BinaryPrimitives.ReadUInt16BigEndian(plain[2..]),
            Encoding.UTF8.GetString(plain.Slice(5, InitialsBytes).TrimEnd((byte)0)), (PackedState)(plain[4] & 0x0F),
            (plain[4] & Admitted) == 0 ? null : (plain[4] & IsInside) != 0, plain.Length > PlainBytes ? plain[PlainBytes..].ToArray() : null);
        return true;
    }

    // Whole characters only, as many as there is room for.
    private static void WriteInitials(string initials, Span<byte> place)
    {
        foreach (var letter in initials.EnumerateRunes())
        {
            if (!letter.TryEncodeToUtf8(place, out var written)) return;
            place = place[written..];
        }
    }

    private static byte[] Keys(ReadOnlySpan<byte> carrier)
    {
        var keys = new byte[2 * KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, carrier, keys, salt: [], info: "admitone/pack/1"u8);
        return keys;
    }
}
