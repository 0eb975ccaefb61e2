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
using Npgsql;

namespace AdmitOne.Events.Catalogue;

public static class ChangeCategory
{
    internal static readonly Refusal NotFound = PlatformProblems.NotFound.With("There is no such category of yours.");

    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapPatch("/categories/{slug}", HandleAsync)
            .WithName("ChangeCategory").WithSummary("Change a category of the organiser's own (merge patch, If-Match)")
            .WithDescription("Its name and its place. The slug stays: events and links name it.")
            .Accepts<NewCategory>("application/merge-patch+json", "application/json")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(CategoryExamples.Patch).WithAnswerExample(CategoryExamples.Own with { Name = "On the river", Version = 2 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, PlatformProblems.ValidationFailed, EventProblems.EditNotAllowed);

    private static async Task<Results<Ok<Category>, Refusal>> HandleAsync(
        string slug, JsonObject patch, Caller caller, Actor actor, Database database, MergePatch merge, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        if (!Slug.IsOne(slug)) return NotFound;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await Categories.LockOwnAsync(work, tenantId, slug, cancellationToken) is not { Own: true } before) return NotFound;
        if (EntityTag.Refuse(context, before.Version) is { } precondition) return precondition;
        var position = await work.FindAsync<int>("select position from events.categories where tenant_id = @tenantId and slug = @slug", new { tenantId, slug }, cancellationToken);
        var (after, invalid) = await merge.ApplyAsync<NewCategory>(new NewCategory { Slug = slug, Name = before.Name, Position = position }, patch, cancellationToken);
        if (after is null) return invalid!;
        if (after.Slug != slug) return EventProblems.EditNotAllowed.With("The slug of a category stays; add another category.");
        try
        {
            await work.ExecuteAsync("""
                update events.categories set name = @Name, position = @Position, version = version + 1 where tenant_id = @tenantId and slug = @slug
                """, new { tenantId, slug, after.Name, after.Position }, cancellationToken);
        }
        catch (PostgresException tooLong) when (tooLong.ConstraintName == "categories_name_length")
        {
            return PlatformProblems.Invalid("/name", "At most 100 characters.");
        }
        var changed = (await Categories.LockOwnAsync(work, tenantId, slug, cancellationToken))!;
        await work.TellAsync("category.changed", tenantId, new { slug }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("category.change", "category", tenantId, before, changed), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        EntityTag.Set(context, changed.Version);
        return TypedResults.Ok(changed);
    }
}
