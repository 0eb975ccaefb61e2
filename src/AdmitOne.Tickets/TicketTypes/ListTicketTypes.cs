using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.TicketTypes;

/// <summary>A manager reads them from the database; all others what is remembered until the tenant changes something, for at most a second.</summary>
internal static class ListTicketTypes
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/ticket-types", HandleAsync)
            .WithName("ListTicketTypes").WithSummary("An event's ticket types, oldest first")
            .AllowAnonymous().WithRateTier(RateTier.Global).WithAnswerExample(RouteExamples.OnePage(TicketTypeExamples.Kept)).Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<TicketType>>, CachedResult, Refusal>> HandleAsync(
        Guid eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller? caller, HttpContext context, Database database, ReadThroughCache cache, CancellationToken cancellationToken)
    {
        Guid? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        (Guid EventId, Guid? After, int Count) wanted = (eventId, after, limit ?? Paging.DefaultLimit);
        if (caller is { IsManager: true })
        {
            context.NeverCache();
            return await ReadAsync(database, wanted, caller, cancellationToken) is var (_, own) ? TypedResults.Ok(own) : TicketTypeProblems.NoEvent;
        }
        var answer = await cache.GetAsync($"types:{ReadableEvent.KeyFor(eventId, caller)}:{after}:{wanted.Count}", async () =>
            await ReadAsync(database, wanted, caller, CancellationToken.None) is var (tenantId, page) ? ReadAnswer.Make(page, tenantId) : ReadAnswer.NotThere, cancellationToken, alone: true);
        if (!answer.IsThere) return TicketTypeProblems.NoEvent;
        context.CacheFor(seconds: 1);
        return new CachedResult(answer);
    }

    /// <returns>Whose they are and the page; null if this reader may not see the event.</returns>
    private static async Task<(Guid TenantId, Page<TicketType> Page)?> ReadAsync(Database database, (Guid EventId, Guid? After, int Count) wanted, Caller? caller, CancellationToken cancellationToken)
    {
        if (await ReadableEvent.LookAsync(database, wanted.EventId, caller, cancellationToken) is not { } open) return null;
        var rows = await open.Look.QueryAsync<TicketTypeRow>(
            $"{TicketTypeRow.Select} where t.event_id = @EventId and t.deleted_at is null{Where.And(wanted.After is not null, "t.id > @After")} order by t.id limit @Count + 1",
            new { wanted.EventId, wanted.After, wanted.Count }, cancellationToken);
        return (open.Event.TenantId, Paging.Make(rows, wanted.Count, row => row.Answer(), row => (Guid?)row.Id));
    }
}
