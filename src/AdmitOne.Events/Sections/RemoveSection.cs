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

namespace AdmitOne.Events.Sections;

public static class RemoveSection
{
    public static void Map(IEndpointRouteBuilder sections) =>
        sections.MapDelete("/", HandleAsync)
            .WithName("RemoveSection").WithSummary("Remove a section in which nothing is sold")
            .WithDescription("If-Match: the section's version in quotes.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, EventProblems.EditNotAllowed);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await SectionRows.FindAsync(work, tenantId, id, cancellationToken) is not { EventId: var eventId }) return SectionProblems.NotFound;
        if (await EventRows.LockPartsAsync(work, tenantId, eventId, cancellationToken) is not { } locked) return SectionProblems.NotFound;
        if (await SectionRows.FindAsync(work, tenantId, id, cancellationToken) is not { } section) return SectionProblems.NotFound;
        if (EntityTag.Refuse(context, section.Version) is { } precondition) return precondition;
        if (locked.IsOver) return SectionProblems.EventIsOver(locked.Status);
        try
        {
            // Its counter goes with it, unless a ticket type points at that: then the database refuses.
            await work.ExecuteAsync("delete from events.sections where tenant_id = @tenantId and id = @id", new { tenantId, id }, cancellationToken);
        }
        catch (PostgresException broken) when (SectionProblems.OfConstraint(broken) is { } refusal)
        {
            return refusal;
        }
        await work.TellAsync("section.deleted", id, new { section.EventId, section.Capacity }, cancellationToken);
        return await Removal.FinishAsync(work, actor, new AuditEntry("section.remove", "section", id, section, After: null), cancellationToken);
    }
}
