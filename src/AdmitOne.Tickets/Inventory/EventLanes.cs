using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Lanes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>The lanes through which every change of an event's stock goes.</summary>
public sealed class EventLanes(NpgsqlDataSource source, InventoryMetrics metrics, StockNews news, OutboxBells bells, SlowCommandMetrics slow, IOptions<InventoryOptions> options, ILogger<EventLanes> logger)
    : LaneSet<StockCommand>(() => new StockLane(source, metrics, news, bells.Told, slow, options.Value.Rules, logger))
{
    /// <summary>Has a command decided in its event's order, and answers after it was committed. Refuses at once when too much waits.</summary>
    /// <exception cref="Exception">The fault of a command that failed alone; nothing of it was kept.</exception>
    public async Task<Answer<TResult>> RunAsync<TResult>(StockCommand<TResult> command) where TResult : class
    {
        ArgumentNullException.ThrowIfNull(command);
        return TryEnter(command)
            ? await command.Done
            : PlatformProblems.Overloaded.With("Too many buyers are waiting for this event; try again in a moment.") with { RetryAfterSeconds = 1 };
    }
}
