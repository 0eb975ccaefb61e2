using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Search;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Tickets;

/// <summary>A holder reads their own tickets, a manager those of the tenant, and staff find those of the tenant.</summary>
internal static class ListTickets
{
    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/", HandleAsync)
            .WithName("ListTickets").WithSummary("One's own tickets, newest first; a manager's: the tenant's; with q: those found")
            .WithDescription(SearchWords.Description).WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(TicketExamples.Issued))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    // A subquery that gives one value is looked up for each ticket; a join may be planned to compare each ticket with each admission while neither has been counted.
    private const string Admission = "select a.ticket_id from tickets.admissions a where a.tenant_id = t.tenant_id and a.ticket_id = t.id";

    private static async Task<Results<Ok<Page<Ticket>>, Refusal>> HandleAsync(
        Guid? eventId, Guid? orderId, [AllowedValues("issued", "blocked", "refunded", "cancelled", null, ErrorMessage = "Must be issued, blocked, refunded or cancelled.")] string? status,
        bool? admitted, [PlainText(SearchWords.MaxLength)] string? q, [Range(1, Paging.MaxLimit)] int? limit, string? cursor,
        Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var (words, fault) = SearchWords.Of(q);
        if (fault is not null) return PlatformProblems.Invalid("/q", fault);
        var size = limit ?? Paging.DefaultLimit;
        // What was found, and a manager's page, goes by the ids, which are made in the order of time: all of a tenant's tickets and all of an event's lie in it. A holder has few.
        var (order, before) = words is not null || caller.IsManager ? ("t.id desc", "t.id < @Id") : ("t.created_at desc, t.id desc", "(t.created_at, t.id) < (@At, @Id)");
        // The page comes first, its length in the statement: what belongs to its rows is then looked up, and not joined for all there are.
        var page = words is not null
            ? $"select t.* from tickets.search_tickets(@words, @owner, @eventId, @orderId, @status, @admitted, @Id, {size + 1}) found (found_id) join tickets.tickets t on t.tenant_id = @TenantId and t.id = found.found_id"
            : $"""
            select t.* from tickets.tickets t
             where t.tenant_id = @TenantId{Where.And(!caller.IsManager, "t.user_id = @UserId")}
               {Where.And(eventId is not null, "t.event_id = @eventId")}
               {Where.And(orderId is not null, "t.order_id = @orderId")}{Where.And(status is not null, "t.status = @status")}
               {Where.And(admitted is not null, $"({Admission}) is {(admitted == true ? "not null" : "null")}")}
               {Where.And(after is not null, before)}
             order by {order} limit {size + 1}
            """;
        var rows = await database.Look(caller.TenantId).QueryAsync<TicketRow>($"{TicketRow.SelectOf(page)} order by {order}", new
        {
            caller.TenantId, caller.UserId, owner = caller.IsStaff ? (Guid?)null : caller.UserId, words, eventId, orderId, status, admitted, after?.At, after?.Id,
        }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(caller), row => new NewestFirst(row.CreatedAt, row.Id)));
    }
}
