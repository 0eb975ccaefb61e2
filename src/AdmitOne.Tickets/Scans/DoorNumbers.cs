using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Reports;

namespace AdmitOne.Tickets.Scans;

/// <summary>How it goes at the door of one event.</summary>
/// <param name="Admitted">Tickets that were let in, each counted once.</param>
/// <param name="Inside">Of them, those that have not left.</param>
/// <param name="Expected">All valid tickets, whether they have come or not.</param>
/// <param name="Unreadable">Texts that were no code.</param>
/// <param name="Gates">By the gate of the first admission, busiest first; an empty name is that of scans that named none.</param>
/// <param name="PerMinute">The last 24 hours that somebody came in, minutes without anybody left out.</param>
public sealed record Door(long Admitted, long Inside, long Expected, long Unreadable, IReadOnlyList<DoorGate> Gates, IReadOnlyList<DoorMinute> PerMinute);

public sealed record DoorGate(string Gate, long Admitted, long Inside);

/// <param name="Minute">Its beginning, in UTC.</param>
public sealed record DoorMinute(DateTimeOffset Minute, long Admitted);

/// <summary>Counts the door of an event, once a second at most, however many look at it.</summary>
internal sealed class DoorNumbers
{
    private readonly Database _database;
    private readonly SharedReport<Door?> _counted;

    public DoorNumbers(Database database, TimeProvider clock) => (_database, _counted) = (database, new SharedReport<Door?>(ReadAsync, _ => true, clock));

    /// <returns>Null if there is no such event.</returns>
    public Task<Door?> CountAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken) => _counted.ReadAsync(tenantId, eventId, cancellationToken);

    private async Task<Door?> ReadAsync(Guid tenantId, Guid eventId)
    {
        var cancellationToken = CancellationToken.None;   // a statement ends by its own limit
        await using var work = await _database.BeginAsync(tenantId, cancellationToken);
        await work.BecomeReportAsync(cancellationToken);
        if (await work.FindAsync<Totals>("""
            select (select count(*) from tickets.tickets t
                     where t.tenant_id = @tenantId and t.event_id = @eventId and t.status = 'issued') as expected,
                   (select coalesce(sum(texts), 0) from tickets.unreadable_scans where tenant_id = @tenantId and event_id = @eventId) as unreadable
              from events.sale_window where tenant_id = @tenantId and event_id = @eventId
            """, new { tenantId, eventId }, cancellationToken) is not { } totals) return null;
        var gates = (await work.QueryAsync<GateRow>("""
            select coalesce(gate, '') as gate, count(*) as admitted, count(*) filter (where inside) as inside
              from tickets.admissions where tenant_id = @tenantId and event_id = @eventId group by 1 order by 2 desc, 1
            """, new { tenantId, eventId }, cancellationToken)).Select(g => new DoorGate(g.Gate, g.Admitted, g.Inside)).ToList();
        var minutes = (await work.QueryAsync<MinuteRow>("""
            select date_trunc('minute', admitted_at) as minute, count(*) as admitted from tickets.admissions
             where tenant_id = @tenantId and event_id = @eventId
               and admitted_at > (select max(admitted_at) from tickets.admissions where tenant_id = @tenantId and event_id = @eventId) - interval '24 hours'
             group by 1 order by 1
            """, new { tenantId, eventId }, cancellationToken)).Select(m => new DoorMinute(m.Minute, m.Admitted)).ToList();
        return new Door(gates.Sum(g => g.Admitted), gates.Sum(g => g.Inside), totals.Expected, totals.Unreadable, gates, minutes);
    }

    private sealed class Totals
    {
        public long Expected { get; init; }
        public long Unreadable { get; init; }
    }

    private sealed class GateRow
    {
        public string Gate { get; init; } = "";
        public long Admitted { get; init; }
        public long Inside { get; init; }
    }

    private sealed class MinuteRow
    {
        public DateTimeOffset Minute { get; init; }
        public long Admitted { get; init; }
    }
}
