using AdmitOne.Events.Events;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
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
            .WithDescription("To go on sale from published or rescheduled it needs a start in the future and a section. Once a move that closes sales has been answered, no sale of it commits any more.")
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
            if (await ReadAsync(work, caller, id, cancellationToken) is null) return EventProblems.NotFound;
            await work.ExecuteAsync(EventGate.EnterToClose, new { gate = EventGate.Key(id) }, cancellationToken);
        }

        if (await ReadAsync(work, caller, id, cancellationToken) is not { } current) return EventProblems.NotFound;
        var from = EventStatuses.Read(current.Status);
        if (Refuse(from, to, current) is { } refusal) return refusal;
        if (!await UpdateAsync(work, caller, id, current, to, cancellationToken))
        {
            // Somebody else was faster; what is true now is read in a new snapshot.
            var now = await ReadAsync(work, caller, id, cancellationToken);
            return now is null ? EventProblems.NotFound : LifecycleProblems.NotFrom(EventStatuses.Read(now.Status), to);
        }

        try
        {
            await RecordAsync(work, caller, id, current.Status, move, cancellationToken);
        }
        catch (PostgresException tooLong) when (tooLong.ConstraintName == "event_transitions_reason_length")
        {
            return PlatformProblems.Invalid("/reason", "At most 500 characters.");
        }
        var reason = move.Reason?.Normalize();
        await work.TellAsync($"event.{to.Word()}", id, new { from = from.Word(), to = to.Word(), reason }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("event.move", "event", id, new { status = from.Word() }, new { status = to.Word(), reason }), cancellationToken);
        var moved = await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Moved(to);

        context.NeverCache();
        EntityTag.Set(context, moved!.Version);
        return TypedResults.Ok(moved.ToBody());
    }

    private static Refusal? Refuse(EventStatus from, EventStatus to, Current current)
    {
        if (!Transitions.Allow(from, to)) return LifecycleProblems.NotFrom(from, to);
        if (!Transitions.BeginSelling(from, to)) return null;
        if (!current.StartsLater) return LifecycleProblems.NotReady(from, "The event has started already (startsAt), so it cannot go on sale.");
        return current.HasSections ? null : LifecycleProblems.NotReady(from, "The event has no section yet, so there is nothing to sell: add one to it first.");
    }

    private static Task<Current?> ReadAsync(TenantWork work, Caller caller, Guid id, CancellationToken cancellationToken) => work.FindAsync<Current>("""
        select e.status, e.version, e.starts_at > clock_timestamp() as starts_later,
               exists (select from events.sections s where s.tenant_id = e.tenant_id and s.event_id = e.id) as has_sections
          from events.events e
         where e.tenant_id = @tenantId and e.id = @id and e.deleted_at is null
        """, new { tenantId = caller.TenantId, id }, cancellationToken);

    private static async Task<bool> UpdateAsync(TenantWork work, Caller caller, Guid id, Current current, EventStatus to, CancellationToken cancellationToken) =>
        await work.ExecuteAsync("""
            update events.events
               set status = @to, version = version + 1, updated_at = clock_timestamp()
             where tenant_id = @tenantId and id = @id and status = @from and version = @version and deleted_at is null
            """, new { tenantId = caller.TenantId, id, from = current.Status, version = current.Version, to = to.Word() }, cancellationToken) == 1;

    private static Task<int> RecordAsync(TenantWork work, Caller caller, Guid id, string from, NewMove move, CancellationToken cancellationToken) => work.ExecuteAsync("""
        insert into events.event_transitions (tenant_id, id, event_id, from_status, to_status, reason, by_user_id)
        values (@tenantId, @moveId, @id, @from, @To, normalize(@Reason, NFC), @userId)
        """, new
    {
        tenantId = caller.TenantId,
        userId = caller.UserId,
        id,
        moveId = Guid.CreateVersion7(),
        from,
        move.To,
        move.Reason,
    }, cancellationToken);

    private sealed record Current(string Status, int Version, bool StartsLater, bool HasSections);
}
