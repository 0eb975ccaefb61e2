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

namespace AdmitOne.Events.Catalogue;

public static class RemoveCategory
{
    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapDelete("/categories/{slug}", HandleAsync)
            .WithName("RemoveCategory").WithSummary("Remove a category of the organiser's own in which no event is")
            .WithDescription("If-Match: the category's version in quotes.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, EventProblems.EditNotAllowed);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(
        string slug, Caller caller, Actor actor, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        if (!Slug.IsOne(slug)) return ChangeCategory.NotFound;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await Categories.LockOwnAsync(work, tenantId, slug, cancellationToken) is not { Own: true } before) return ChangeCategory.NotFound;
        if (EntityTag.Refuse(context, before.Version) is { } precondition) return precondition;
        var removed = await work.ExecuteAsync("""
            delete from events.categories c
             where c.tenant_id = @tenantId and c.slug = @slug
               and not exists (select from events.events e where e.tenant_id = @tenantId and e.category_slug = @slug and e.deleted_at is null)
            """, new { tenantId, slug }, cancellationToken);
        if (removed == 0) return EventProblems.EditNotAllowed.With("Events are in this category: put them into another first.");
        await work.TellAsync("category.deleted", tenantId, new { slug }, cancellationToken);
        return await Removal.FinishAsync(work, actor, new AuditEntry("category.remove", "category", tenantId, before, After: null), cancellationToken);
    }
}
