using System.Text.Json;
using AdmitOne.Events.Catalogue;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Events.Events;

public static class FindEvent
{
    public static void Map(IEndpointRouteBuilder events)
    {
        // Caller, database and cancellation are not bound but taken when needed, and the cache is had once: binding costs more than a cached answer, and no page is asked for more often.
        var cache = events.ServiceProvider.GetRequiredService<ReadThroughCache>();
        events.MapGet("/{idOrSlug}", (string idOrSlug, string? organizer, HttpContext context) => HandleAsync(idOrSlug, organizer, cache, context))
            .WithName("FindEvent").WithSummary("One event, by id or slug")
            .WithDescription("A slug is unique within its organiser, and found in any case: name the organiser, or send a token of theirs. Drafts and private events are shown to the organiser's managers.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(EventExamples.OnSale).WithEntityTag()
            .Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.NotFound)
            .DisableValidation();   // its parameters have no rules to be walked through
    }

    private static ValueTask<Results<Ok<EventBody>, CachedResult, StatusCodeHttpResult, Refusal>> HandleAsync(string idOrSlug, string? organizer, ReadThroughCache cache, HttpContext context)
    {
        var caller = Caller.Of(context);
        var wanted = new Wanted(Slug.Normalize(idOrSlug), Guid.TryParseExact(idOrSlug, "D", out var exact) ? exact : null, organizer?.ToLowerInvariant());
        if (CatalogueView.OwnTenant(caller) is not null) return ForManagerAsync(context, caller, wanted);
        // Everybody else sees the same: by id, by organiser and slug, or by slug among those of their token's organiser.
        var key = wanted.Id is { } id ? $"event:{id}" : $"event:{wanted.Organizer ?? $"@{caller?.TenantId}"}/{wanted.Slug}";
        return cache.Find(key) is { } known ? ValueTask.FromResult(Answer(context, caller, wanted, known)) : FirstAsync(context, caller, wanted, cache, key);
    }

    private static async ValueTask<Results<Ok<EventBody>, CachedResult, StatusCodeHttpResult, Refusal>> FirstAsync(HttpContext context, Caller? caller, Wanted wanted, ReadThroughCache cache, string key)
    {
        var database = Database.Of(context);
        return Answer(context, caller, wanted, await cache.GetAsync(key, async () => await ReadAsync(database, caller, wanted, CancellationToken.None) is { } found
            ? new ReadAnswer(JsonSerializer.SerializeToUtf8Bytes(found, Json.Answers), EntityTag.Of(found.Version), found.Id)
            : ReadAnswer.NotThere, context.RequestAborted));
    }

    private static Results<Ok<EventBody>, CachedResult, StatusCodeHttpResult, Refusal> Answer(HttpContext context, Caller? caller, Wanted wanted, CachedAnswer answer)
    {
        if (!answer.IsThere) return Missing(wanted, caller);
        CatalogueView.SayHowLongToKeep(context, caller);
        return new CachedResult(answer);
    }

    private static async ValueTask<Results<Ok<EventBody>, CachedResult, StatusCodeHttpResult, Refusal>> ForManagerAsync(HttpContext context, Caller? caller, Wanted wanted)
    {
        if (await ReadAsync(Database.Of(context), caller, wanted, context.RequestAborted) is not { } row) return Missing(wanted, caller);
        CatalogueView.SayHowLongToKeep(context, caller);
        EntityTag.Set(context, row.Version);
        return EntityTag.IsKnown(context, row.Version)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(row);
    }

    private static Refusal Missing(Wanted wanted, Caller? caller) => wanted is { Id: null, Organizer: null } && caller is null
        ? PlatformProblems.NotFound.With("There is no event of this id. To find one by its slug, name its organiser: ?organizer=.")
        : EventProblems.NotFound;

    private static Task<EventBody?> ReadAsync(Database database, Caller? caller, Wanted wanted, CancellationToken cancellationToken) =>
        wanted.Id is { } id
            ? FindAsync(database, caller, "e.id = @id", new { id }, cancellationToken)
            : FindBySlugAsync(database, caller, wanted.Slug, wanted.Organizer, cancellationToken);

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

    private readonly record struct Wanted(string Slug, Guid? Id, string? Organizer);
}
