using System.ComponentModel.DataAnnotations;
using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Events;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Sections;

public static class ListSections
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/", HandleAsync)
            .WithName("ListSections").WithSummary("An event's sections")
            .AllowAnonymous().WithRateTier(RateTier.Read).Produces(StatusCodes.Status304NotModified)
            .WithAnswerExample(RouteExamples.OnePage(SectionExamples.Floor))
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<SectionBody>>, CachedResult, Refusal>> HandleAsync(
        Guid eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller? caller, Database database, ReadThroughCache cache, HttpContext context,
        CancellationToken cancellationToken)
    {
        Position? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Send the nextCursor of the page before.");
        var count = limit ?? Paging.DefaultLimit;
        if (CatalogueView.OwnTenant(caller) is null)
        {
            // Everybody else sees the same.
            var answer = await cache.GetAsync($"sections:{eventId}:{after?.Id}:{count}", async () =>
                await ReadAsync(database, caller: null, (eventId, after?.Id, count), CancellationToken.None) is var (tenantId, page)
                    ? ReadAnswer.Make(page, tenantId)
                    : ReadAnswer.NotThere, cancellationToken);
            if (!answer.IsThere) return EventProblems.NotFound;
            CatalogueView.SayHowLongToKeep(context, caller);
            return new CachedResult(answer);
        }
        if (await ReadAsync(database, caller, (eventId, after?.Id, count), cancellationToken) is not var (_, own)) return EventProblems.NotFound;
        CatalogueView.SayHowLongToKeep(context, caller);
        return TypedResults.Ok(own);
    }

    /// <returns>Whose they are and the page; null if the caller may not see the event.</returns>
    private static async Task<(Guid TenantId, Page<SectionBody> Page)?> ReadAsync(
        Database database, Caller? caller, (Guid EventId, Guid? After, int Count) wanted, CancellationToken cancellationToken)
    {
        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        if (await EventRows.FindAsync(work, "e.id = @EventId", new { wanted.EventId }, cancellationToken) is not { } seen) return null;
        await work.ActAsAsync(seen.TenantId, cancellationToken);
        var sections = await SectionRows.ListAsync(work, wanted.EventId, wanted.After, wanted.Count + 1, cancellationToken);
        return (seen.TenantId, Paging.Make(sections, wanted.Count, section => section, section => new Position(section.Id)));
    }

    private sealed record Position(Guid Id);
}
