using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Tickets;

/// <summary>A holder reads their own tickets, a manager those of the tenant.</summary>
internal static class ListTickets
{
    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/", HandleAsync)
            .WithName("ListTickets").WithSummary("One's own tickets, newest first; a manager's: the tenant's").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(TicketExamples.Issued))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    // By its types, of which there is an index and there are few.
    private const string OfEvent = "t.ticket_type_id in (select e.id from tickets.ticket_types e where e.event_id = @eventId)";

    private static async Task<Results<Ok<Page<Ticket>>, Refusal>> HandleAsync(
        Guid? eventId, Guid? orderId, [AllowedValues("issued", "blocked", "refunded", "cancelled", null, ErrorMessage = "Must be issued, blocked, refunded or cancelled.")] string? status,
        bool? admitted, [Range(1, Paging.MaxLimit)] int? limit, string? cursor,
        Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        var rows = await database.Look(caller.TenantId).QueryAsync<TicketRow>($"""
            {TicketRow.Select}
             where {(caller.IsManager ? "true" : "t.user_id = @UserId")}
               {Where.And(eventId is not null, OfEvent)}{Where.And(orderId is not null, "t.order_id = @orderId")}{Where.And(status is not null, "t.status = @status")}
               {Where.And(admitted is not null, "(a.admitted_at is not null) = @admitted")}{Where.And(after is not null, "(t.created_at, t.id) < (@At, @Id)")}
             order by t.created_at desc, t.id desc limit @size + 1
            """, new { caller.UserId, eventId, orderId, status, admitted, after?.At, after?.Id, size }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(caller), row => new NewestFirst(row.CreatedAt, row.Id)));
    }
}
