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

namespace AdmitOne.Events.Schedule;

public static class RemoveScheduleEntry
{
    public static void Map(IEndpointRouteBuilder schedule) =>
        schedule.MapDelete("/", HandleAsync)
            .WithName("RemoveScheduleEntry").WithSummary("Remove an occurrence")
            .WithDescription("If-Match: the entry's version in quotes.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, EventProblems.EditNotAllowed);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await ScheduleRows.FindAsync(work, id, cancellationToken) is not { EventId: var eventId }) return ScheduleEdit.NotFound;
        if (await ScheduleEdit.LockEventAsync(work, tenantId, eventId, cancellationToken) is { } refusal) return refusal;
        if (await ScheduleRows.FindAsync(work, id, cancellationToken) is not { } before) return ScheduleEdit.NotFound;
        if (EntityTag.Refuse(context, before.Version) is { } precondition) return precondition;
        await work.ExecuteAsync("delete from events.schedule_entries where tenant_id = @tenantId and id = @id", new { tenantId, id }, cancellationToken);
        await work.TellAsync("schedule.deleted", id, ScheduleEdit.Told(before), cancellationToken);
        return await Removal.FinishAsync(work, actor, new AuditEntry("schedule.remove", "schedule_entry", id, before, After: null), cancellationToken);
    }
}
