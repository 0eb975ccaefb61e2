using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// Counts what is held, and recounts the stock of every event that is not over: each event in one statement, so in one snapshot, in which its
/// counters and its rows must agree. Each replica does so by itself, each 15 s, and rests at least a hundred times as long as a recount took:
/// it never has more than a hundredth of a connection's time.
/// </summary>
internal sealed partial class InventoryWatch(Database database, InventoryMetrics metrics, TimeProvider clock, ILogger<InventoryWatch> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(15), clock, logger)
{
    private const int RestFactor = 100;

    private readonly TimeProvider _clock = clock;
    private long _recountedAt;
    private TimeSpan _rest;   // from one recount to the next

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        metrics.Held((await database.AskForAllTenantsAsync<long>("select tickets.count_held()", null, cancellationToken))[0]);
        if (_clock.GetElapsedTime(_recountedAt) < _rest) return;

        var began = _clock.GetTimestamp();
        var drift = 0L;
        var events = await database.AskForAllTenantsAsync<StockedEvent>("select tenant_id, event_id from tickets.events_to_recount()", null, cancellationToken);
        List<Exception> failures = [];
        foreach (var one in events)
        {
            // An event that cannot be recounted does not hide what the others' recounts find.
            try
            {
                drift += await DriftAsync(one, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                NotRecounted(one.EventId, one.TenantId, failure);
                failures.Add(failure);
            }
        }
        metrics.Recounted(drift);
        (_recountedAt, _rest) = (_clock.GetTimestamp(), RestFactor * _clock.GetElapsedTime(began));
        if (failures.Count > 0)
            throw new AggregateException($"{failures.Count} of {events.Count} events could not be recounted.", failures);
    }

    private async Task<long> DriftAsync(StockedEvent one, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(one.TenantId, cancellationToken);
        await work.BecomeReportAsync(cancellationToken);
        var drift = await work.FindAsync<long>("""
            with counted as (
                select s.section_id, s.held, s.sold, h.n as held_rows, t.n as ticket_rows
                  from tickets.stock s
                 cross join lateral (select coalesce(sum(r.quantity), 0) as n from tickets.reservations r
                                      where r.tenant_id = s.tenant_id and r.ticket_type_id = s.ticket_type_id and r.status = 'held') h
                 cross join lateral (select count(*) as n from tickets.tickets t
                                      where t.tenant_id = s.tenant_id and t.ticket_type_id = s.ticket_type_id and t.status not in ('refunded', 'cancelled')) t
                 where s.tenant_id = @TenantId and s.event_id = @EventId)
            select (coalesce((select sum(abs(held - held_rows) + abs(sold - ticket_rows)) from counted), 0)
                  + coalesce((select sum(abs(p.held - coalesce(c.held_rows, 0)) + abs(p.sold - coalesce(c.ticket_rows, 0)))
                                from tickets.section_stock p
                                left join (select section_id, sum(held_rows) as held_rows, sum(ticket_rows) as ticket_rows from counted group by section_id) c using (section_id)
                               where p.tenant_id = @TenantId and p.event_id = @EventId), 0))::bigint
            """, new { one.TenantId, one.EventId }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        if (drift != 0) Drifted(one.EventId, one.TenantId, drift);
        return drift;
    }

    [LoggerMessage(EventId = 4011, Level = LogLevel.Error, Message = "The stock of event {EventId} of tenant {TenantId} differs from its rows by {Drift} tickets")]
    private partial void Drifted(Guid eventId, Guid tenantId, long drift);

    [LoggerMessage(EventId = 4012, Level = LogLevel.Warning,
        Message = "The stock of event {EventId} of tenant {TenantId} could not be recounted")]
    private partial void NotRecounted(Guid eventId, Guid tenantId, Exception failure);

    private sealed class StockedEvent
    {
        public Guid TenantId { get; init; }
        public Guid EventId { get; init; }
    }
}
