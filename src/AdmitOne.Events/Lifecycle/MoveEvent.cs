using AdmitOne.Events.Events;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Events.Lifecycle;

/// <summary>Where an event shall go.</summary>
public sealed record NewMove
{
    /// <summary>A word of the state table, such as <c>published</c>.</summary>
    [EventStatusWord]
    public required string To { get; init; }

    /// <summary>Kept in the history.</summary>
    [PlainText(500, ManyLines = true)]
    public string? Reason { get; init => field = string.IsNullOrWhiteSpace(value) ? null : value.Trim().ReplaceLineEndings("\n"); }
}

public static class MoveEvent
{
    public static void Map(IEndpointRouteBuilder transitions) =>
        transitions.MapPost("/", HandleAsync)
            .WithName("MoveEvent").WithSummary("Move an event to another state")
            .WithDescription("To go on sale from published or rescheduled it needs a start in the future, a section and a ticket type; to be rescheduled, a start in the future. "
                + "Once a move that closes sales has been answered, no sale of it commits any more. The clock moves it too: on sale at salesStartAt, in progress at startsAt, completed at endsAt.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(LifecycleExamples.PutOnSale).WithAnswerExample(EventExamples.OnSale).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, LifecycleProblems.TransitionNotAllowed);

    private static async Task<Results<Ok<EventBody>, Refusal>> HandleAsync(
        Guid id, NewMove move, Caller caller, Actor actor, Database database, LifecycleMetrics metrics, HttpContext context, CancellationToken cancellationToken)
    {
        var to = EventStatuses.Read(move.To);
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (Transitions.CloseSales(to))
        {
            // Ours first: nobody may make the buyers of another tenant's event wait at its gate.
            if (await EventState.ReadAsync(work, id, cancellationToken) is null) return EventProblems.NotFound;
            await work.ExecuteAsync(EventGate.EnterToClose, new { gate = EventGate.Key(id) }, cancellationToken);
        }

        if (await EventState.LockAsync(work, id, wait: true, cancellationToken) is not { } state) return EventProblems.NotFound;
        if (!Transitions.Allow(state.Status, to)) return LifecycleProblems.NotFrom(state.Status, to);
        if (state.Lacks(to, state.Now) is { } missing) return LifecycleProblems.NotReady(state.Status, to, missing);
        try
        {
            await EventMoves.MoveAsync(work, state, to, Mover.Of(caller, actor), move.Reason, cancellationToken);
        }
        catch (PostgresException tooLong) when (tooLong.ConstraintName == "event_transitions_reason_length")
        {
            return PlatformProblems.Invalid("/reason", "At most 500 characters.");
        }
        var moved = await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Moved(to);

        context.NeverCache();
        EntityTag.Set(context, moved!.Version);
        return TypedResults.Ok(moved);
    }
}
