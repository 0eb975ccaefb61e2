using System.Text.Json.Nodes;
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

public static class ChangeScheduleEntry
{
    public static void Map(IEndpointRouteBuilder schedule) =>
        schedule.MapPatch("/", HandleAsync)
            .WithName("ChangeScheduleEntry").WithSummary("Change an occurrence (merge patch, If-Match)")
            .Accepts<NewScheduleEntry>("application/merge-patch+json", "application/json")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(ScheduleExamples.Patch).WithAnswerExample(ScheduleExamples.FirstNight with { Name = "Opening night", Version = 2 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, PlatformProblems.ValidationFailed, EventProblems.EditNotAllowed);

    private static async Task<Results<Ok<ScheduleEntry>, Refusal>> HandleAsync(
        Guid id, JsonObject patch, Caller caller, Actor actor, Database database, MergePatch merge, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await ScheduleRows.FindAsync(work, id, cancellationToken) is not { EventId: var eventId }) return ScheduleEdit.NotFound;
        if (await ScheduleEdit.LockEventAsync(work, tenantId, eventId, cancellationToken) is { } refusal) return refusal;
        if (await ScheduleRows.FindAsync(work, id, cancellationToken) is not { } before) return ScheduleEdit.NotFound;
        if (EntityTag.Refuse(context, before.Version) is { } precondition) return precondition;
        var (after, invalid) = await merge.ApplyAsync<NewScheduleEntry>(before, patch, cancellationToken);
        if (after is null) return invalid!;

        // Doors that open with the start go on doing so.
        var doorsAt = !patch.ContainsKey("doorsAt") && before.DoorsAt == before.StartsAt ? after.StartsAt : after.DoorsAt ?? after.StartsAt;
        await work.ExecuteAsync("""
            update events.schedule_entries
               set name = @Name, doors_at = @doorsAt, starts_at = @StartsAt, ends_at = @EndsAt, version = version + 1, updated_at = clock_timestamp()
             where tenant_id = @tenantId and id = @id
            """, new { tenantId, id, after.Name, doorsAt, after.StartsAt, after.EndsAt }, cancellationToken);
        if (await ScheduleEdit.RefuseOutsideAsync(work, eventId, id, cancellationToken) is { } outside) return outside;
        var changed = (await ScheduleRows.FindAsync(work, id, cancellationToken))!;
        await work.TellAsync("schedule.changed", id, ScheduleEdit.Told(changed), cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("schedule.change", "schedule_entry", id, before, changed), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        EntityTag.Set(context, changed.Version);
        return TypedResults.Ok(changed);
    }
}
