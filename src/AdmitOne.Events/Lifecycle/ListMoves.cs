using AdmitOne.Events.Events;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Lifecycle;

/// <summary>One move of an event.</summary>
/// <param name="By">The id of the user who asked for it, <c>system</c> for the clock, or a service: <c>ticket-service</c> says what is sold out.</param>
public sealed record Move(EventStatus From, EventStatus To, DateTimeOffset At, string By, string? Reason);

/// <summary>An event's moves, oldest first.</summary>
/// <param name="HeldUp">Why the event is not on sale though its sale should have begun; null if nothing is held up.</param>
public sealed record Moves(IReadOnlyList<Move> Items, string? HeldUp);

public static class ListMoves
{
    public static void Map(IEndpointRouteBuilder transitions) =>
        transitions.MapGet("/", HandleAsync)
            .WithName("ListMoves").WithSummary("The history of an event's states")
            .WithDescription("Oldest first, at most the last thousand.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Read)
            .WithAnswerExample(LifecycleExamples.History)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<Moves>, Refusal>> HandleAsync(
        Guid id, Caller caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await EventState.ReadAsync(work, id, cancellationToken) is not { } state) return EventProblems.NotFound;
        var rows = await work.QueryAsync<Row>("""
            select from_status, to_status, at, coalesce(by_service, by_user_id::text, @clock) as by, reason
              from events.event_transitions
             where tenant_id = @tenantId and event_id = @id
             order by at desc, id desc limit 1000
            """, new { tenantId = caller.TenantId, id, clock = Mover.Clock.Word }, cancellationToken);

        context.NeverCache();
        return TypedResults.Ok(new Moves([.. rows.Reverse()
            .Select(row => new Move(EventStatuses.Read(row.FromStatus), EventStatuses.Read(row.ToStatus), row.At, row.By, row.Reason))], state.HeldUpBy));
    }

    private sealed class Row
    {
        public string FromStatus { get; init; } = "";
        public string ToStatus { get; init; } = "";
        public DateTimeOffset At { get; init; }
        public string By { get; init; } = "";
        public string? Reason { get; init; }
    }
}
