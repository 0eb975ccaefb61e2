using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Events;

public static class RemoveEvent
{
    public static void Map(IEndpointRouteBuilder events) =>
        events.MapDelete("/{idOrSlug}", HandleAsync)
            .WithName("RemoveEvent").WithSummary("Remove a draft, or a cancelled event of which nothing was sold")
            .WithDescription("By its id; If-Match: the event's version in quotes. Its slug may be used again.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, EventProblems.EventHasSales, EventProblems.EditNotAllowed);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(
        string idOrSlug, Caller caller, Actor actor, Database database, EventMetrics metrics, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(idOrSlug, "D", out var id)) return EventProblems.NotFound;   // at this address only GET takes a slug
        var tenantId = caller.TenantId;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await EventRows.FindOwnAsync(work, tenantId, id, cancellationToken) is null) return EventProblems.NotFound;
        await work.ExecuteAsync(EventGate.EnterToClose, new { gate = EventGate.Key(id) }, cancellationToken);
        if (!await EventRows.LockOwnAsync(work, tenantId, id, cancellationToken)) return EventProblems.NotFound;
        var before = (await EventRows.FindOwnAsync(work, tenantId, id, cancellationToken))!;
        if (EntityTag.Refuse(context, before.Version) is { } precondition) return precondition;
        if ((await EventSales.ReadAsync(work, tenantId, id, cancellationToken)).HaveBegun || await EventSales.HaveOrdersAsync(work, tenantId, id, cancellationToken))
            return EventProblems.EventHasSales.With("Tickets of it were ordered: their holders must find it. Cancel it, if it does not take place.");
        if (before.Status is not (EventStatus.Draft or EventStatus.Cancelled))
            return EventProblems.EditNotAllowed.With($"The event is {before.Status.Word()}: only a draft or a cancelled event can be removed.");

        await work.ExecuteAsync("""
            update events.events set deleted_at = clock_timestamp(), updated_at = clock_timestamp(), version = version + 1 where tenant_id = @tenantId and id = @id
            """, new { tenantId, id }, cancellationToken);
        await EventMessages.DeletedAsync(work, actor, before, cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Removed();
        return TypedResults.NoContent();
    }
}
