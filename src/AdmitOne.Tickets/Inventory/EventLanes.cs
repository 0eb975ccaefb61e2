using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Lanes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>The lanes through which every change of an event's stock goes.</summary>
public sealed class EventLanes(
    NpgsqlDataSource source, InventoryMetrics metrics, StockNews news, OutboxBells bells, SlowCommandMetrics slow, IOptions<InventoryOptions> options, TimeProvider clock,
    ILogger<EventLanes> logger)
    : LaneSet<StockCommand>("stock", () => new StockLane(source, metrics, news, bells.Told, slow, options.Value.Rules, clock, logger), logger)
{
    /// <summary>Has a command decided in its event's order, and answers after it was committed. Refuses at once when too much waits.</summary>
    /// <param name="command">It has not been in a lane before.</param>
    /// <param name="cancellationToken">
    /// Ends the waiting. A command whose batch has not begun is then not carried out; one that has is carried out without its caller, and its answer is kept
    /// under its key.
    /// </param>
    /// <exception cref="OperationCanceledException">The time of the caller is over.</exception>
    /// <exception cref="Exception">The fault of a command that failed alone; nothing of it was kept.</exception>
    public Task<Answer<TResult>> RunAsync<TResult>(StockCommand<TResult> command, CancellationToken cancellationToken) where TResult : class =>
        EnterAsync(command, stopsWaiting: true, cancellationToken);

    /// <summary>The same, for a caller that has more to do when the command has been carried out: once its batch has begun, the waiting goes on to its end.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public Task<Answer<TResult>> FinishAsync<TResult>(StockCommand<TResult> command, CancellationToken cancellationToken) where TResult : class =>
        EnterAsync(command, stopsWaiting: false, cancellationToken);

    private Task<Answer<TResult>> EnterAsync<TResult>(StockCommand<TResult> command, bool stopsWaiting, CancellationToken cancellationToken) where TResult : class
    {
        ArgumentNullException.ThrowIfNull(command);
        return TryEnter(command, stopsWaiting, cancellationToken)
            ? command.Done
            : Task.FromResult<Answer<TResult>>(PlatformProblems.Overloaded.With("Too many buyers are waiting for this event; try again in a moment.") with { RetryAfterSeconds = 1 });
    }
}
