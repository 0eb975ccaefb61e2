using AdmitOne.Events.Events;
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
    public static void Map(IEndpointRouteBuilder catalogue) =>
        catalogue.MapGet("/events", HandleAsync)
            .WithName("ListEvents").WithSummary("Events of all organisers")
            .WithDescription("Everybody sees what is published and public; a manager's token also shows their own drafts and private events.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(EventExamples.OnSale))
            .MayRefuseWith(PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<EventBody>>, Refusal>> HandleAsync(
        [AsParameters] EventFilter filter, Guid? venueId, Caller? caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var (page, refusal) = await ReadAsync(filter, venueId, caller, database, context, cancellationToken);
        return page is null ? refusal! : TypedResults.Ok(page);
    }

    internal static async Task<(Page<EventBody>? Page, Refusal? Refusal)> ReadAsync(
        EventFilter filter, Guid? venueId, Caller? caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var newestFirst = filter.Sort is EventFilter.ByNewest;
        Position? after = null;
        if (filter.Cursor is { } cursor && (!Cursor.TryRead(cursor, out after) || after!.NewestFirst != newestFirst))
            return (null, PlatformProblems.Invalid("/cursor", "Send the nextCursor of the page before, with the same sort."));

        var limit = filter.Limit ?? Paging.DefaultLimit;
        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        var rows = await EventRows.ListAsync(work, Where(filter, venueId, after), newestFirst ? "created_at desc, id desc" : "starts_at, id", limit + 1, new
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
            at = after?.At,
            id = after?.Id,
        }, cancellationToken);

        CatalogueView.SayHowLongToKeep(context, caller);
        return (Paging.Make(rows, limit, row => row.ToBody(), row => new Position(newestFirst, newestFirst ? row.CreatedAt : row.StartsAt, row.Id)), null);
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
        string.IsNullOrWhiteSpace(filter.Q) ? null : "e.id in (select found.id from events.events_with_words(@Q) found)",
        filter.Tag is null ? null : "normalize(@Tag, NFC) = any(e.tags)",
        filter.Organizer is null ? null : "e.tenant_id = (select named.tenant_id from platform.organizers('{}', @Organizer) named)",
        after is null ? null : after.NewestFirst ? "(e.created_at, e.id) < (@at, @id)" : "(e.starts_at, e.id) > (@at, @id)",
    }.OfType<string>());

    private sealed record Position(bool NewestFirst, DateTimeOffset At, Guid Id);
}
