using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Codes;

/// <summary>A code of ours, opened.</summary>
/// <param name="Step">Of a rotating code; null for a static one.</param>
public readonly record struct OpenedCode(SealedTicket Ticket, uint? Step);

/// <summary>
/// The texts that codes carry, in Base45: static ones are carrier and signature, 113 bytes in 170 characters; rotating ones carrier, step and
/// MAC, 63 bytes in 95.
/// </summary>
public sealed class TicketCodes(CodeSeal seal, CodeSigner signer)
{
    public const int StaticCharacters = 170;
    public const int RotatingCharacters = 95;

    public const int StaticBytes = CodeSeal.CarrierBytes + CodeSigner.SignatureBytes;
    public const int RotatingBytes = CodeSeal.CarrierBytes + RotatingCode.Bytes;

    /// <summary>The static code of a ticket's owner. It is signed when it is first shown and the same ever after, so a print and a screen agree.</summary>
    /// <param name="kept">What was kept of this ticket; nulls if nothing was.</param>
    public async Task<string> ShowAsync(Database database, Guid tenantId, SealedTicket ticket, (byte[]? Carrier, byte[]? Signature) kept, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var carrier = seal.Seal(tenantId, ticket);
        if (kept is { Carrier: { } same, Signature: { } before } && same.AsSpan().SequenceEqual(carrier)) return Base45.Encode([.. carrier, .. before]);
        // Two first looks at once agree on whichever was written: the other changes nothing and is told what is there.
        var signature = await database.WriteAloneAsync<byte[]>(tenantId, """
            insert into tickets.ticket_codes as c (tenant_id, ticket_id, carrier, signature) values (@tenantId, @TicketId, @carrier, @signature)
            on conflict (tenant_id, ticket_id) do update set carrier = excluded.carrier, signature = case when c.carrier = excluded.carrier then c.signature else excluded.signature end
            returning signature
            """, new { tenantId, ticket.TicketId, carrier, signature = signer.Sign(carrier) }, cancellationToken);
        return Base45.Encode([.. carrier, .. signature!]);
    }

    /// <summary>The rotating code of this step, and the secret from which its owner's phone makes the next ones.</summary>
    public (string Code, byte[] Secret) Rotate(Guid tenantId, SealedTicket ticket, uint step)
    {
        var carrier = seal.Seal(tenantId, ticket);
        var secret = seal.RotationSecret(tenantId, carrier);
        return (Base45.Encode([.. carrier, .. RotatingCode.Make(secret, step)]), secret);
    }

    /// <summary>Forgets the static code of an owner who is none any more. What kills it is the ticket's new owner version; this only tidies up.</summary>
    public static Task<int> ForgetAsync(TenantWork work, Guid ticketId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work.ExecuteAsync("delete from tickets.ticket_codes where ticket_id = @ticketId", new { ticketId }, cancellationToken);
    }

    /// <summary>Opens a text that a scanner read, with whatever the scanner put around the code. Costs no database call.</summary>
    /// <param name="known">Codes of that door whose signature need not be verified; one that was is added.</param>
    /// <returns>
    /// False for every text that is no code of this tenant's. Nothing tells why: whatever has the form of a code takes the same steps, whether
    /// its key, its tenant, its seal, its signature or its MAC is the wrong one.
    /// </returns>
    public bool TryOpen(Guid tenantId, string text, out OpenedCode code, SignedCodes? known = null)
    {
        code = default;
        Span<byte> bytes = stackalloc byte[StaticBytes];
        var held = ScannedText.Trim(text);
        if (held.Length is not (StaticCharacters or RotatingCharacters) || !Base45.TryDecode(held, bytes, out var length)) return false;

        var carrier = bytes[..CodeSeal.CarrierBytes];
        var opened = seal.TryOpen(tenantId, carrier, out var ticket);
        var genuine = false;
        uint? step = null;
        if (length == StaticBytes)
        {
            var isKnown = known?.Has(bytes) == true;
            genuine = (opened && isKnown) || signer.IsSigned(carrier, bytes[CodeSeal.CarrierBytes..]);
            if (opened && genuine && !isKnown) known?.Learn(bytes);
        }
        else if (length == RotatingBytes)
        {
            genuine = RotatingCode.TryRead(seal.RotationSecret(tenantId, carrier), bytes[CodeSeal.CarrierBytes..RotatingBytes], out var read);
            step = read;
        }
        if (!(opened & genuine))
        {
            if (opened) seal.PretendToFail(tenantId, carrier);
            return false;
        }
        code = new OpenedCode(ticket, step);
        return true;
    }
}
