using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Events.Lifecycle;

/// <summary>Counts events by state for the metrics: one query each 15 s and replica, however often somebody scrapes.</summary>
internal sealed class EventCount(Database database, LifecycleMetrics metrics, TimeProvider clock, ILogger<EventCount> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(15), clock, logger)
{
    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var rows = await database.AskForAllTenantsAsync<Standing>("select status, events from events.count_by_status()", null, cancellationToken);
        metrics.Counted(rows.ToDictionary(row => EventStatuses.Read(row.Status), row => row.Events));
    }

    private sealed class Standing
    {
        public string Status { get; init; } = "";
        public long Events { get; init; }
    }
}
