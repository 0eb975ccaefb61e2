using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Problems;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// The lanes of this process. One lane owns an event, so that many requests for one hot row become one transaction instead of a queue for
/// its lock; several events share a lane. Other replicas have lanes of their own: the database's locks and checks keep them all right.
/// </summary>
public sealed class EventLanes : BackgroundService
{
    private const int LaneCount = 4;

    private readonly Lane[] _lanes;

    public EventLanes(NpgsqlDataSource source, InventoryMetrics metrics, OutboxBells bells, ILogger<EventLanes> logger) =>
        _lanes = Enumerable.Range(0, LaneCount).Select(_ => new Lane(source, metrics, bells.Told, logger)).ToArray();

    /// <summary>Has a command decided in its event's order, and answers after it was committed. Refuses at once when too much waits.</summary>
    /// <exception cref="Exception">The fault of a command that failed alone; nothing of it was kept.</exception>
    public async Task<Answer<TResult>> RunAsync<TResult>(StockCommand<TResult> command) where TResult : class
    {
        ArgumentNullException.ThrowIfNull(command);
        return _lanes[(uint)command.EventId.GetHashCode() % LaneCount].TryEnter(command)
            ? await command.Done
            : PlatformProblems.Overloaded.With("Too many buyers are waiting for this event; try again in a moment.") with { RetryAfterSeconds = 1 };
    }

    // What has entered a lane is finished even when the service stops: it may be a payment that has already been made.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_lanes.Select(lane => lane.RunAsync()));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var lane in _lanes) lane.Close();
        await base.StopAsync(cancellationToken);
        if (ExecuteTask is not null) await Task.WhenAny(ExecuteTask, Task.Delay(Timeout.Infinite, cancellationToken));
    }
}
