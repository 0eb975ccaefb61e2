using System.Globalization;
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

namespace AdmitOne.Events.Catalogue;

public static class ListEvents
{
    // Who may find what is asked twice: the function answers only what may be listed, and the policies hold for what is joined to it.
    private const string Found = "events.events e join events.events_with_words(@Q) found (found_id, rank) on found.found_id = e.id";

    private static readonly Dictionary<string, string> s_order = new()
    {
        [EventFilter.BySoonest] = "starts_at, id",
        [EventFilter.ByNewest] = "created_at desc, id desc",
        [EventFilter.ByRelevance] = "rank desc, starts_at, id",
    };

    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapGet("/events", HandleAsync)
            .WithName("ListEvents").WithSummary("Events of all organisers")
            .WithDescription("Everybody sees what is published and public; a manager's token also shows their own drafts and private events.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(EventExamples.OnSale)).Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed)
            .DisableValidation();   // AnswerAsync asks the rules itself

    private static Task<Results<Ok<Page<EventBody>>, CachedResult, Refusal>> HandleAsync(
        [AsParameters] EventFilter filter, Guid? venueId, ReadThroughCache cache, HttpContext context) =>
        AnswerAsync(filter, venueId, cache, context);

    // What is answered from memory was asked for before in the same words, and kept its rules then: they are asked only of what is to be read.
    internal static async Task<Results<Ok<Page<EventBody>>, CachedResult, Refusal>> AnswerAsync(EventFilter filter, Guid? venueId, ReadThroughCache cache, HttpContext context)
    {
        var caller = Caller.Of(context);
        var isManager = CatalogueView.OwnTenant(caller) is not null;
        var key = KeyOf(filter, venueId);
        var known = isManager ? null : cache.Find(key);
        if (known is null && (DeclaredRules.Broken(filter) ?? Place(filter).Refusal) is { } refusal) return refusal;
        CatalogueView.SayHowLongToKeep(context, caller);
        if (known is not null) return new CachedResult(known);

        var database = Database.Of(context);
        if (isManager) return TypedResults.Ok(await ReadAsync(filter, venueId, caller, database, context.RequestAborted));
        return new CachedResult(await cache.GetAsync(key,
            async () => ReadAnswer.Make(await ReadAsync(filter, venueId, caller: null, database, CancellationToken.None), of: null), context.RequestAborted));
    }

    // No field that keeps its rules has a control character in it but for line feeds and tabs, so that no two questions have the same key.
    private static string KeyOf(EventFilter asked, Guid? venueId)
    {
        const string absent = "\u0001";
        return string.Create(CultureInfo.InvariantCulture,
            $"events:{venueId}\0{asked.From?.UtcTicks}\0{asked.To?.UtcTicks}\0{asked.Limit}\0{asked.Status ?? absent}\0{asked.Category ?? absent}\0{asked.Q ?? absent}\0{asked.Tag ?? absent}\0{asked.Organizer ?? absent}\0{asked.Sort ?? absent}\0{asked.Cursor ?? absent}");
    }

    private static (string Sort, Position? After, Refusal? Refusal) Place(EventFilter filter)
    {
        var isSearch = !string.IsNullOrWhiteSpace(filter.Q);
        var sort = filter.Sort ?? (isSearch ? EventFilter.ByRelevance : EventFilter.BySoonest);
        if (sort is EventFilter.ByRelevance && !isSearch) return (sort, null, PlatformProblems.Invalid("/sort", "relevance needs words to search for: q."));
        Position? after = null;
        if (filter.Cursor is { } cursor && (!Cursor.TryRead(cursor, out after) || after!.Sort != sort))
            return (sort, null, PlatformProblems.Invalid("/cursor", "Send the nextCursor of the page before, with the same sort."));
        return (sort, after, null);
    }

    private static async Task<Page<EventBody>> ReadAsync(EventFilter filter, Guid? venueId, Caller? caller, Database database, CancellationToken cancellationToken)
    {
        var (sort, after, _) = Place(filter);
        var isSearch = !string.IsNullOrWhiteSpace(filter.Q);
        var limit = filter.Limit ?? Paging.DefaultLimit;
        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        var rows = await EventRows.ListAsync(work, isSearch ? Found : "events.events e", Where(filter, venueId, after), s_order[sort], limit + 1, new
        {
            own = CatalogueView.OwnTenant(caller),
            filter.Status,
            filter.Category,
            venueId,
            filter.From,
            filter.To,
            filter.Q,
            filter.Tag,
            filter.Organizer,
            rank = after?.Rank,
            at = after?.At,
            id = after?.Id,
        }, cancellationToken);

        return Paging.Make(rows, limit, row => row, row => new Position(sort, row.Rank, sort is EventFilter.ByNewest ? row.CreatedAt : row.StartsAt, row.Id));
    }

    // Each condition is there only when it is asked for, so that the planner sees what it can use.
    private static string Where(EventFilter filter, Guid? venueId, Position? after) => string.Join(" and ", new[]
    {
        "(e.tenant_id = @own or (e.visibility = 'public' and e.status not in ('draft', 'review', 'approved')))",
        filter.Status is null ? null : "e.status = @Status",
        filter.Category is null ? null : "e.category_slug = @Category",
        venueId is null ? null : "e.venue_id = @venueId",
        filter.From is null ? null : "e.starts_at >= @From",
        filter.To is null ? null : "e.starts_at < @To",
        filter.Tag is null ? null : "normalize(@Tag, NFC) = any(e.tags)",
        filter.Organizer is null ? null : "e.tenant_id = (select named.tenant_id from platform.organizers('{}', @Organizer) named)",
        after?.Sort switch
        {
            null => null,
            EventFilter.ByNewest => "(e.created_at, e.id) < (@at, @id)",
            EventFilter.ByRelevance => "(rank < @rank or (rank = @rank and (e.starts_at, e.id) > (@at, @id)))",
            _ => "(e.starts_at, e.id) > (@at, @id)",
        },
    }.OfType<string>());

    private sealed record Position(string Sort, double Rank, DateTimeOffset At, Guid Id);
}
