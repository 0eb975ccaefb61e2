using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Lanes;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Scans;

/// <summary>The lanes through which every scan of an event goes.</summary>
internal sealed class ScanLanes(NpgsqlDataSource source, ScanMetrics metrics, SlowCommandMetrics slow, TimeProvider clock, ILogger<ScanLanes> logger)
    : LaneSet<ScanCommand>("scans", () => new ScanLane(source, metrics, slow, clock, logger), logger)
{
    /// <summary>Has a scan decided in its event's order, and answers after it was committed. Refuses at once when too much waits.</summary>
    /// <param name="command">It has not been in a lane before.</param>
    /// <param name="cancellationToken">Ends the waiting. A scan whose batch has not begun is then not made; one that is being written is made without its caller.</param>
    /// <exception cref="Exception">The fault of a scan that failed alone; nothing of it was kept.</exception>
    public Task<(Scan? Scan, Refusal? Refusal)> RunAsync(ScanCommand command, CancellationToken cancellationToken) => TryEnter(command, stopsWaiting: true, cancellationToken)
        ? command.Done
        : Task.FromResult<(Scan?, Refusal?)>((null, PlatformProblems.Overloaded.With("Too many gates are waiting for this event; try again in a moment.") with { RetryAfterSeconds = 1 }));
}
