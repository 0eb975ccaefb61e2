using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.TicketTypes;

internal static class ListTicketTypes
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/ticket-types", HandleAsync)
            .WithName("ListTicketTypes").WithSummary("An event's ticket types, oldest first")
            .AllowAnonymous().WithRateTier(RateTier.Global).WithAnswerExample(RouteExamples.OnePage(TicketTypeExamples.Kept))
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<TicketType>>, Refusal>> HandleAsync(
        Guid eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller? caller, Database database, CancellationToken cancellationToken)
    {
        Guid? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        if (await ReadableEvent.LookAsync(database, eventId, caller, cancellationToken) is not { } open) return TicketTypeProblems.NoEvent;

        var size = limit ?? Paging.DefaultLimit;
        var rows = await open.Look.QueryAsync<TicketTypeRow>(
            $"{TicketTypeRow.Select} where t.event_id = @eventId and t.deleted_at is null and (@after::uuid is null or t.id > @after) order by t.id limit @size + 1",
            new { eventId, after, size }, cancellationToken);
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => (Guid?)row.Id));
    }
}
