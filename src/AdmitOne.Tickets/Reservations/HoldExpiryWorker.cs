using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using AdmitOne.Tickets.Inventory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Reservations;

/// <summary>
/// Sweeps holds whose time is over back into stock, through their events' lanes like any other change. Replicas may sweep at once: whoever
/// has the stock's lock first finds the rows held, the other finds them expired.
/// </summary>
internal sealed partial class HoldExpiryWorker(Database database, EventLanes lanes, IOptions<ReservationOptions> options, TimeProvider clock, ILogger<HoldExpiryWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(options.Value.SweepSeconds), clock, logger)
{
    private const int RowsLookedAt = 5000;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var due = await database.AskForAllTenantsAsync<DueEvent>(
                "select tenant_id, event_id, ticket_type_ids from tickets.events_with_expired_holds(@RowsLookedAt)", new { RowsLookedAt }, cancellationToken);
            if (due.Count == 0) return;

            var swept = 0;
            foreach (var one in due)
            {
                var (answer, refusal) = await lanes.RunAsync(new SweepExpired(one.TenantId, one.EventId, one.TicketTypeIds), cancellationToken);
                swept += answer?.Rows ?? 0;
                if (refusal is not null) return;   // the lane is full of buyers: they sweep what they touch, the rest waits for the next beat
            }
            if (swept == 0) return;
            Released(swept);
        }
    }

    [LoggerMessage(EventId = 4101, Level = LogLevel.Information, Message = "Released {Count} expired holds")]
    private partial void Released(int count);

    private sealed class DueEvent
    {
        public Guid TenantId { get; init; }
        public Guid EventId { get; init; }
        public Guid[] TicketTypeIds { get; init; } = [];
    }
}
