using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Scans;

/// <summary>A ticket from one time on.</summary>
/// <param name="Status">As in tickets.tickets.</param>
internal sealed record TicketChange(DateTimeOffset At, string Status, int OwnerVersion);

/// <summary>What a ticket was at each time. Before its first change it was issued, to its first owner.</summary>
/// <param name="issuedAt">When it was sold.</param>
/// <param name="changes">Oldest first.</param>
internal sealed class TicketHistory(DateTimeOffset issuedAt, IReadOnlyList<TicketChange> changes)
{
    private static readonly TicketChange s_asIssued = new(DateTimeOffset.MinValue, "issued", OwnerVersion: 1);

    /// <summary>The history of a ticket as it is now. A change of before they were kept happened when its row was last written.</summary>
    public static TicketHistory Of(DateTimeOffset issuedAt, IReadOnlyList<TicketChange> changes, TicketChange now)
    {
        var last = changes.Count > 0 ? changes[^1] : s_asIssued;
        return new TicketHistory(issuedAt, (last.Status, last.OwnerVersion) == (now.Status, now.OwnerVersion) ? changes : [.. changes, now]);
    }

    public TicketChange At(DateTimeOffset time) => changes.LastOrDefault(change => change.At <= time) ?? s_asIssued;

    /// <summary>When the ticket came to its owner of this version.</summary>
    public DateTimeOffset OwnedSince(int ownerVersion) => ownerVersion <= 1 ? issuedAt : changes.FirstOrDefault(c => c.OwnerVersion >= ownerVersion)?.At ?? DateTimeOffset.MaxValue;

    /// <summary>What happened to the ticket after a time, oldest first: transferred, blocked, unblocked, refunded or cancelled.</summary>
    public IEnumerable<(DateTimeOffset At, string Change)> After(DateTimeOffset time)
    {
        var before = s_asIssued;
        foreach (var change in changes)
        {
            if (change.At > time && change.OwnerVersion != before.OwnerVersion) yield return (change.At, "transferred");
            if (change.At > time && change.Status != before.Status) yield return (change.At, change.Status == "issued" ? "unblocked" : change.Status);
            before = change;
        }
    }
}

/// <summary>The status of an event at each time.</summary>
/// <param name="moves">Oldest first.</param>
internal sealed class EventHistory(string statusNow, IReadOnlyList<(DateTimeOffset At, string From, string To)> moves)
{
    public string StatusAt(DateTimeOffset time)
    {
        if (moves.Count == 0 || moves[^1].To != statusNow) return statusNow;   // it was moved by hand
        foreach (var move in moves)
            if (move.At > time) return move.From;
        return statusNow;
    }
}

/// <summary>A row of tickets.ticket_changes.</summary>
internal sealed class TicketChangeRow
{
    public Guid TicketId { get; init; }
    public DateTimeOffset At { get; init; }
    public string Status { get; init; } = "";
    public short OwnerVersion { get; init; }

    /// <summary>The changes of these tickets, each ticket's oldest first.</summary>
    public static Task<IReadOnlyList<TicketChangeRow>> ReadAsync(TenantWork work, Guid tenantId, Guid[] tickets, CancellationToken cancellationToken) =>
        work.QueryAsync<TicketChangeRow>("""
            select ticket_id, at, status, owner_version from tickets.ticket_changes where tenant_id = @tenantId and ticket_id = any (@tickets) order by ticket_id, at
            """, new { tenantId, tickets }, cancellationToken);

    public TicketChange Change() => new(At, Status, OwnerVersion);
}
