using AdmitOne.Events.Catalogue;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Events;

public static class FindEvent
{
    public static void Map(IEndpointRouteBuilder events) =>
        events.MapGet("/{idOrSlug}", HandleAsync)
            .WithName("FindEvent").WithSummary("One event, by id or slug")
            .WithDescription("A slug is unique within its organiser: name the organiser, or send a token of theirs. Drafts and private events are shown to the organiser's managers.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(EventExamples.OnSale).WithEntityTag()
            .Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<EventBody>, StatusCodeHttpResult, Refusal>> HandleAsync(
        string idOrSlug, string? organizer, Caller? caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var row = Guid.TryParseExact(idOrSlug, "D", out var id)
            ? await FindAsync(database, caller, "e.id = @id", new { id }, cancellationToken)
            : await FindBySlugAsync(database, caller, idOrSlug, organizer, cancellationToken);
        if (row is null)
        {
            return id == default && organizer is null && caller is null
                ? PlatformProblems.NotFound.With("There is no event of this id. To find one by its slug, name its organiser: ?organizer=.")
                : EventProblems.NotFound;
        }

        CatalogueView.SayHowLongToKeep(context, caller);
        EntityTag.Set(context, row.Version);
        return EntityTag.IsKnown(context, row.Version)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(row);
    }

    private static Task<EventBody?> FindBySlugAsync(Database database, Caller? caller, string slug, string? organizer, CancellationToken cancellationToken)
    {
        // PostgreSQL cannot even be asked about a NUL; nothing but a slug can be one.
        if (!Slug.IsOne(slug) || (organizer is not null && !Slug.IsOne(organizer))) return Task.FromResult<EventBody?>(null);
        return organizer is not null
            ? FindAsync(database, caller, "e.slug = @slug and e.tenant_id = (select named.tenant_id from platform.organizers('{}', @organizer) named)",
                new { slug, organizer }, cancellationToken)
            : caller is not null
                ? FindAsync(database, caller, "e.slug = @slug and e.tenant_id = @tenantId", new { slug, tenantId = caller.TenantId }, cancellationToken)
                : Task.FromResult<EventBody?>(null);
    }

    private static async Task<EventBody?> FindAsync(Database database, Caller? caller, string where, object parameters, CancellationToken cancellationToken)
    {
        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        return await EventRows.FindAsync(work, where, parameters, cancellationToken);
    }
}
