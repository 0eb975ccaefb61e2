using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Codes;

/// <summary>The texts that static codes carry: carrier and signature, 113 bytes, 170 characters of Base45.</summary>
public sealed class TicketCodes(CodeSeal seal, CodeSigner signer)
{
    public const int StaticCharacters = 170;

    private const int CodeBytes = CodeSeal.CarrierBytes + CodeSigner.SignatureBytes;

    /// <summary>The code of a ticket's owner. It is signed when it is first shown and the same ever after, so a print and a screen agree.</summary>
    public async Task<string> ShowAsync(TenantWork work, Guid tenantId, SealedTicket ticket, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var carrier = seal.Seal(tenantId, ticket);
        var kept = await FindSignatureAsync(work, ticket.TicketId, carrier, cancellationToken);
        if (kept is null)
        {
            await work.ExecuteAsync("""
                insert into tickets.ticket_codes (tenant_id, ticket_id, carrier, signature) values (@tenantId, @TicketId, @carrier, @signature)
                on conflict (tenant_id, ticket_id) do update set carrier = excluded.carrier, signature = excluded.signature where ticket_codes.carrier <> excluded.carrier
                """, new { tenantId, ticket.TicketId, carrier, signature = signer.Sign(carrier) }, cancellationToken);
            kept = await FindSignatureAsync(work, ticket.TicketId, carrier, cancellationToken);   // two first looks at once agree on whichever was written
        }
        return Base45.Encode([.. carrier, .. kept!]);
    }

    /// <summary>Opens a text that somebody holds out at the door. Costs no database call.</summary>
    /// <returns>False for every text that is no code of this tenant's; nothing tells why.</returns>
    public bool TryOpen(Guid tenantId, string text, out SealedTicket ticket)
    {
        ticket = default;
        Span<byte> bytes = stackalloc byte[CodeBytes];
        return text is { Length: StaticCharacters }
            && Base45.TryDecode(text, bytes, out var length) && length == CodeBytes
            && seal.TryOpen(tenantId, bytes[..CodeSeal.CarrierBytes], out ticket)
            && signer.IsSigned(bytes[..CodeSeal.CarrierBytes], bytes[CodeSeal.CarrierBytes..]);
    }

    private static Task<byte[]?> FindSignatureAsync(TenantWork work, Guid ticketId, byte[] carrier, CancellationToken cancellationToken) =>
        work.FindAsync<byte[]>("select signature from tickets.ticket_codes where ticket_id = @ticketId and carrier = @carrier", new { ticketId, carrier }, cancellationToken);
}
