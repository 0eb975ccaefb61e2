using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Scans;

/// <summary>A row of tickets.ticket_validations that let a ticket pass, or that was uploaded.</summary>
internal sealed class PassageRow
{
    public Guid Id { get; init; }
    public Guid TicketId { get; init; }
    public DateTimeOffset ScannedAt { get; init; }
    public bool IsOut { get; init; }
    public string? Gate { get; init; }
    public Guid? DeviceId { get; init; }
    public string Result { get; init; } = "";
    public string Reason { get; init; } = "";

    public bool Offline { get; init; }

    public string Outcome => (Result, Reason) switch
    {
        ("admitted" or "undone", _) => OfflineOutcomes.Accepted,
        ("conflict", _) => OfflineOutcomes.Conflict,
        (_, ScanReasons.AlreadyAdmitted) => OfflineOutcomes.Duplicate,
        _ => OfflineOutcomes.Refused,
    };

    /// <summary>It let through, or could yet turn out to have been the first. A scan that was undone does neither.</summary>
    public bool Counts => Result is "admitted" or "conflict" || Reason is ScanReasons.AlreadyAdmitted or ScanReasons.NotInside;

    /// <summary>The passages of these tickets, and all that was uploaded of them. Lock the tickets first.</summary>
    public static Task<IReadOnlyList<PassageRow>> ReadAsync(TenantWork work, (Guid TenantId, Guid EventId) at, Guid[] tickets, CancellationToken cancellationToken) => work.QueryAsync<PassageRow>("""
        select id, ticket_id, scanned_at, direction = 'out' as is_out, gate, device_id, result, reason, offline from tickets.ticket_validations
         where tenant_id = @TenantId and ticket_id = any (@tickets) and event_id = @EventId
           and (result in ('admitted', 'conflict') or offline)
        """, new { at.TenantId, at.EventId, tickets }, cancellationToken);

    public Passage Passage(TicketHistory ticket) => new(Id, ScannedAt, IsOut, Gate, DeviceId, !Offline, ticket.At(ScannedAt).OwnerVersion);
}
