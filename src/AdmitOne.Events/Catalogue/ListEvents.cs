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

    private const string Now = "now";

    private static readonly Dictionary<string, string> s_order = new()
    {
        [EventFilter.ByUpcoming] = "starts_at, id",
        [EventFilter.BySoonest] = "starts_at, id",
        [EventFilter.ByNewest] = "created_at desc, id desc",
        [EventFilter.ByRelevance] = "rank desc, starts_at, id",
    };

    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapGet("/events", HandleAsync)
            .WithName("ListEvents").WithSummary("Events of all organisers")
            .WithDescription("Everybody sees what is published and public; a manager's token also shows their own drafts and private events. "
                + "Unless said otherwise what is on now or comes next is first, and what is over last.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(EventExamples.OnSale)).Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed)
            .DisableValidation();   // AnswerAsync asks the rules itself

    private static Task<Results<Ok<Page<EventBody>>, CachedResult, Refusal>> HandleAsync(
        [AsParameters] EventFilter filter, Guid? venueId, ReadThroughCache cache, TimeProvider clock, HttpContext context) =>
        AnswerAsync(filter, venueId, cache, clock, context);

    // What is answered from memory was asked for before in the same words, and kept its rules then: they are asked only of what is to be read.
    internal static async Task<Results<Ok<Page<EventBody>>, CachedResult, Refusal>> AnswerAsync(
        EventFilter filter, Guid? venueId, ReadThroughCache cache, TimeProvider clock, HttpContext context)
    {
        var caller = Caller.Of(context);
        var isManager = CatalogueView.OwnTenant(caller) is not null;
        var now = Minute(clock.GetUtcNow());
        var key = KeyOf(filter, venueId, now);
        var known = isManager ? null : cache.Find(key);
        if (known is null && (DeclaredRules.Broken(filter) ?? Place(filter).Refusal) is { } refusal) return refusal;
        CatalogueView.SayHowLongToKeep(context, caller);
        if (known is not null) return new CachedResult(known);

        var database = Database.Of(context);
        if (isManager) return TypedResults.Ok(await ReadAsync(filter, venueId, now, caller, database, context.RequestAborted));
        return new CachedResult(await cache.GetAsync(key,
            async () => ReadAnswer.Make(await ReadAsync(filter, venueId, now, caller: null, database, CancellationToken.None), of: null), context.RequestAborted));
    }

    // No field that keeps its rules has a control character in it but for line feeds and tabs, so that no two questions have the same key.
    private static string KeyOf(EventFilter asked, Guid? venueId, DateTimeOffset now)
    {
        const string absent = "\u0001";
        // What depends on the time is remembered for the minute that it was asked in.
        var asOf = asked.EndsFrom == Now || (asked.Cursor is null && SortOf(asked) == EventFilter.ByUpcoming) ? now.UtcTicks : 0;
        return string.Create(CultureInfo.InvariantCulture,
            $"events:{venueId}\0{asOf}\0{asked.EndsFrom ?? absent}\0{asked.From?.UtcTicks}\0{asked.To?.UtcTicks}\0{asked.Limit}\0{asked.Status ?? absent}\0{asked.Category ?? absent}\0{asked.Q ?? absent}\0{asked.Tag ?? absent}\0{asked.Organizer ?? absent}\0{asked.Sort ?? absent}\0{asked.Cursor ?? absent}");
    }

    private static bool IsSearch(EventFilter filter) => !string.IsNullOrWhiteSpace(filter.Q);

    private static string SortOf(EventFilter filter) => filter.Sort ?? (IsSearch(filter) ? EventFilter.ByRelevance : EventFilter.ByUpcoming);

    private static DateTimeOffset Minute(DateTimeOffset now) => new(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    private static (string Sort, Position? After, Refusal? Refusal) Place(EventFilter filter)
    {
        var isSearch = IsSearch(filter);
        var sort = SortOf(filter);
        if (sort is EventFilter.ByRelevance && !isSearch) return (sort, null, PlatformProblems.Invalid("/sort", "relevance needs words to search for: q."));
        Position? after = null;
        if (filter.Cursor is { } cursor && (!Cursor.TryRead(cursor, out after) || after!.Sort != sort))
            return (sort, null, PlatformProblems.Invalid("/cursor", "Send the nextCursor of the page before, with the same sort."));
        return (sort, after, null);
    }

    private static async Task<Page<EventBody>> ReadAsync(
        EventFilter filter, Guid? venueId, DateTimeOffset now, Caller? caller, Database database, CancellationToken cancellationToken)
    {
        var (sort, after, _) = Place(filter);
        var limit = filter.Limit ?? Paging.DefaultLimit;
        // Later pages go on from the instant of the first, so that no event changes sides between them.
        var asOf = after?.AsOf ?? now;
        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        if (sort is not EventFilter.ByUpcoming)
            return Paging.Make(await ListAsync(null, after, s_order[sort]), limit, row => row, row => new Position(sort, row.Rank, sort is EventFilter.ByNewest ? row.CreatedAt : row.StartsAt, row.Id));

        var rows = new List<EventBody>();
        if (after is not { IsOver: true }) rows.AddRange(await ListAsync("e.ends_at >= @asOf", after, s_order[sort]));
        if (rows.Count <= limit) rows.AddRange(await ListAsync("e.ends_at < @asOf", after is { IsOver: true } ? after : null, "starts_at desc, id desc"));
        return Paging.Make(rows, limit, row => row, row => new Position(sort, row.Rank, row.StartsAt, row.Id) { AsOf = asOf, IsOver = row.EndsAt < asOf });

        Task<IReadOnlyList<EventBody>> ListAsync(string? condition, Position? place, string order) => EventRows.ListAsync(
            work, IsSearch(filter) ? Found : "events.events e", Where(filter, venueId, condition, place), order, limit + 1, new
            {
                own = CatalogueView.OwnTenant(caller),
                filter.Status,
                filter.Category,
                venueId,
                filter.From,
                filter.To,
                endsFrom = filter.EndsFrom is { } text && InstantOrNowAttribute.TryRead(text, out var instant) ? instant : asOf,
                filter.Q,
                filter.Tag,
                filter.Organizer,
                asOf,
                rank = place?.Rank,
                at = place?.At,
                id = place?.Id,
            }, cancellationToken);
    }

    // Each condition is there only when it is asked for, so that the planner sees what it can use.
    private static string Where(EventFilter filter, Guid? venueId, string? condition, Position? after) => string.Join(" and ", new[]
    {
        condition,
        "(e.tenant_id = @own or (e.visibility = 'public' and e.status not in ('draft', 'review', 'approved')))",
        filter.Status is null ? null : "e.status = @Status",
        filter.Category is null ? null : "e.category_slug = @Category",
        venueId is null ? null : "e.venue_id = @venueId",
        filter.From is null ? null : "e.starts_at >= @From",
        filter.To is null ? null : "e.starts_at < @To",
        filter.EndsFrom is null ? null : "e.ends_at >= @endsFrom",
        filter.Tag is null ? null : "events.fold(@Tag) = any(e.tag_keys)",
        filter.Organizer is null ? null : "e.tenant_id = (select named.tenant_id from platform.organizers('{}', lower(@Organizer)) named)",
        after?.Sort switch
        {
            null => null,
            _ when after!.IsOver => "(e.starts_at, e.id) < (@at, @id)",
            EventFilter.ByNewest => "(e.created_at, e.id) < (@at, @id)",
            EventFilter.ByRelevance => "(rank < @rank or (rank = @rank and (e.starts_at, e.id) > (@at, @id)))",
            _ => "(e.starts_at, e.id) > (@at, @id)",
        },
    }.OfType<string>());

    private sealed record Position(string Sort, double Rank, DateTimeOffset At, Guid Id)
    {
        /// <summary>The instant by which the first page told what is over.</summary>
        public DateTimeOffset? AsOf { get; init; }

        public bool IsOver { get; init; }
    }
}
