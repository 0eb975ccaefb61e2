using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Transfers;

/// <summary>
/// Looks at a ticket under its lock, which scans, refunds, blocks and other transfers of it take too: whoever comes second reads what the first has done.
/// </summary>
internal static class LockedTicket
{
    /// <summary>Takes the lock if the ticket still belongs to this person.</summary>
    public static async Task<bool> TryLockAsync(TenantWork work, Guid ticketId, Guid ownerId, CancellationToken cancellationToken) =>
        await work.FindAsync<int?>("select 1 from tickets.tickets where id = @ticketId and user_id = @ownerId for no key update", new { ticketId, ownerId }, cancellationToken) is not null;

    // A statement of its own: only a snapshot that is younger than the lock sees what its last holder committed.
    public static async Task<TransferFacts> ReadAsync(TenantWork work, Guid ticketId, CancellationToken cancellationToken)
    {
        var row = (await work.FindAsync<Row>("""
            select t.status as ticket_status, a.admitted_at, y.transferable, w.status as event_status, coalesce(w.transfer_allowed, false) as transfer_allowed,
                   coalesce(w.transfer_until_hours_before, 0) as until_hours_before, coalesce(w.doors_at, clock_timestamp()) as doors_at,
                   (select count(*) from tickets.ticket_transfers f where f.tenant_id = t.tenant_id and f.ticket_id = t.id and f.status = 'accepted') as accepted,
                   (select max(f.closed_at) from tickets.ticket_transfers f where f.tenant_id = t.tenant_id and f.ticket_id = t.id and f.status = 'accepted') as last_accepted_at,
                   clock_timestamp() as now
              from tickets.tickets t
              join tickets.ticket_types y on y.tenant_id = t.tenant_id and y.id = t.ticket_type_id
              left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id
              left join events.sale_window w on w.tenant_id = t.tenant_id and w.event_id = t.event_id
             where t.id = @ticketId
            """, new { ticketId }, cancellationToken))!;
        return new TransferFacts(row.TicketStatus, row.AdmittedAt, row.Transferable, row.EventStatus, row.TransferAllowed, row.UntilHoursBefore, row.DoorsAt,
            row.Accepted, row.LastAcceptedAt, row.Now);
    }

    private sealed class Row
    {
        public string TicketStatus { get; init; } = "";
        public DateTimeOffset? AdmittedAt { get; init; }
        public bool Transferable { get; init; }
        public string? EventStatus { get; init; }
        public bool TransferAllowed { get; init; }
        public int UntilHoursBefore { get; init; }
        public DateTimeOffset DoorsAt { get; init; }
        public long Accepted { get; init; }
        public DateTimeOffset? LastAcceptedAt { get; init; }
        public DateTimeOffset Now { get; init; }
    }
}
