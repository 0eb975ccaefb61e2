using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Events.Lifecycle;

/// <summary>
/// Makes the moves whose time has come: on sale at <c>salesStartAt</c>, in progress at <c>startsAt</c>, completed at <c>endsAt</c>, also if it never went on sale. Whoever has the
/// event's row locked makes them, so replicas never make one twice; after a pause an event makes all that are due, in their order, each recorded
/// and told by itself. What an event lacks is judged as of the moment at which its move was due: a pause of ours loses no sale.
/// </summary>
internal sealed partial class MoveByClock(Database database, LifecycleMetrics metrics, TimeProvider clock, ILogger<MoveByClock> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    private const int EventsAtOnce = 200;

    // How soon an event that lacked something is looked at again.
    private const int LookAgainSeconds = 10;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        int moved;
        do
        {
            var due = await database.AskForAllTenantsAsync<DueEvent>("select tenant_id, event_id from events.due_moves(@EventsAtOnce)", new { EventsAtOnce }, cancellationToken);
            moved = 0;
            foreach (var one in due) moved += await TryCatchUpAsync(one, cancellationToken);
        }
        while (moved > 0);
    }

    private async Task<int> TryCatchUpAsync(DueEvent one, CancellationToken cancellationToken)
    {
        try
        {
            return await CatchUpAsync(one.TenantId, one.EventId, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // One event's trouble holds up no other's: it is looked at again a little later.
            NotMoved(fault, one.EventId);
            await using var work = await database.BeginAsync(one.TenantId, cancellationToken);
            await work.ExecuteAsync("""
                update events.events set clock_looks_at = clock_timestamp() + make_interval(secs => @LookAgainSeconds) where tenant_id = @TenantId and id = @EventId
                """, new { one.TenantId, one.EventId, LookAgainSeconds }, cancellationToken);
            await work.CommitAsync(cancellationToken);
            return 0;
        }
    }

    /// <returns>How many moves the event made; 0 too if another replica or a manager has it in hand.</returns>
    private async Task<int> CatchUpAsync(Guid tenantId, Guid id, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        // Completed closes sales, and the gate comes before the row.
        if (await EventState.ReadAsync(work, id, cancellationToken) is not { } seen) return 0;
        if (seen.EndsAt <= seen.Now) await work.ExecuteAsync(EventGate.EnterToClose, new { gate = EventGate.Key(id) }, cancellationToken);
        if (await EventState.LockAsync(work, id, wait: false, cancellationToken) is not { } state) return 0;

        var made = new List<EventStatus>();
        while (NextMove(state) is (var to, var at, var reason))
        {
            if (to is EventStatus.Completed && seen.EndsAt > seen.Now) break;   // it ended while we looked, and we are not in the gate
            if (state.Lacks(to, at) is { } missing)
            {
                if (seen.EndsAt > seen.Now)
                {
                    await HoldUpAsync(work, state, to, missing, cancellationToken);
                    break;
                }
                // It was published, could not go on sale, and is over.
                (to, reason) = (EventStatus.Completed, $"The event ended at {state.EndsAt:u} and never went on sale: {missing}");
            }
            await EventMoves.MoveAsync(work, state, to, Mover.Clock, reason, cancellationToken);
            made.Add(to);
            state = (await EventState.ReadAsync(work, id, cancellationToken))!;
        }
        await work.CommitAsync(cancellationToken);

        foreach (var to in made)
        {
            metrics.Moved(to);
            Moved(id, to);
        }
        return made.Count;
    }

    /// <summary>The next move that is due, when it became due, and why.</summary>
    private static (EventStatus To, DateTimeOffset At, string Reason)? NextMove(EventState state) => state.Status switch
    {
        // A new date that was never published again is over like any other.
        EventStatus.Rescheduled when state.EndsAt <= state.Now => (EventStatus.Completed, state.EndsAt, $"The event ended at {state.EndsAt:u}"),
        // A move that was held up is judged anew; one that fell into a pause, as of then, but never before the event was published.
        EventStatus.Published when state.SalesStartAt <= state.Now => (EventStatus.OnSale,
            state.HeldUpBy is not null ? state.Now : state.PublishedAt > state.SalesStartAt ? state.PublishedAt.Value : state.SalesStartAt,
            $"Sales start at {state.SalesStartAt:u}"),
        EventStatus.OnSale or EventStatus.SalesPaused or EventStatus.SoldOut when state.StartsAt <= state.Now => (EventStatus.InProgress, state.StartsAt, $"The event starts at {state.StartsAt:u}"),
        EventStatus.InProgress when state.EndsAt <= state.Now => (EventStatus.Completed, state.EndsAt, $"The event ends at {state.EndsAt:u}"),
        _ => null,
    };

    private async Task HoldUpAsync(TenantWork work, EventState state, EventStatus to, string missing, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("""
            update events.events set held_up_by = @missing, clock_looks_at = clock_timestamp() + make_interval(secs => @pause)
             where tenant_id = @TenantId and id = @Id
            """, new { work.TenantId, state.Id, missing, pause = LookAgainSeconds }, cancellationToken);
        if (state.HeldUpBy is null) HeldUp(state.Id, to, missing);
    }

    [LoggerMessage(EventId = 3201, Level = LogLevel.Information, Message = "The clock moved event {EventId} to {Status}")]
    private partial void Moved(Guid eventId, EventStatus status);

    [LoggerMessage(EventId = 3202, Level = LogLevel.Warning, Message = "Event {EventId} should be {Status} by now and is not ready: {Missing}")]
    private partial void HeldUp(Guid eventId, EventStatus status, string missing);

    [LoggerMessage(EventId = 3203, Level = LogLevel.Error, Message = "The clock cannot move event {EventId}; it is tried again")]
    private partial void NotMoved(Exception fault, Guid eventId);

    private sealed class DueEvent
    {
        public Guid TenantId { get; init; }
        public Guid EventId { get; init; }
    }
}
