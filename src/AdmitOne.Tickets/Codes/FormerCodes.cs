using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Codes;

/// <summary>What becomes of a code when its ticket gets another owner.</summary>
internal static class FormerCodes
{
    /// <summary>
    /// Throws away what was made for the owner so far, in the transaction that raises the ticket's <c>owner_version</c>: from its commit on the old
    /// code is refused as <c>transferred_code</c>, and the first look of the new owner makes theirs. The caller holds the ticket's lock.
    /// </summary>
    public static Task ForgetAsync(TenantWork work, Guid ticketId, CancellationToken cancellationToken) =>
        work.ExecuteAsync("delete from tickets.ticket_codes where ticket_id = @ticketId", new { ticketId }, cancellationToken);
}
