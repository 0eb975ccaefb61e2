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
/// <param name="By">The user who asked for it; null when the clock did.</param>
public sealed record Move(EventStatus From, EventStatus To, DateTimeOffset At, Guid? By, string? Reason);

/// <summary>An event's moves, oldest first.</summary>
public sealed record Moves(IReadOnlyList<Move> Items);

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
        if (await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken) is null) return EventProblems.NotFound;
        var rows = await work.QueryAsync<Row>("""
            select from_status, to_status, at, by_user_id, reason
              from events.event_transitions
             where tenant_id = @tenantId and event_id = @id
             order by at desc, id desc limit 1000
            """, new { tenantId = caller.TenantId, id }, cancellationToken);

        context.NeverCache();
        return TypedResults.Ok(new Moves([.. rows.Reverse()
            .Select(row => new Move(EventStatuses.Read(row.FromStatus), EventStatuses.Read(row.ToStatus), row.At, row.ByUserId, row.Reason))]));
    }

    private sealed class Row
    {
        public string FromStatus { get; init; } = "";
        public string ToStatus { get; init; } = "";
        public DateTimeOffset At { get; init; }
        public Guid? ByUserId { get; init; }
        public string? Reason { get; init; }
    }
}
