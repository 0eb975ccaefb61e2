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

namespace AdmitOne.Tickets.Orders;

/// <summary>A buyer reads their own orders, a manager those of the tenant, and staff find those of the tenant.</summary>
internal static class ListOrders
{
    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapGet("/", HandleAsync)
            .WithName("ListOrders").WithSummary("One's own orders, newest first; a manager's: the tenant's; with q: those found")
            .WithDescription(SearchWords.Description).WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(OrderExamples.InList))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<OrderSummary>>, Refusal>> HandleAsync(
        Guid? eventId, [AllowedValues(null, "payment_pending", "paid", "payment_failed", "expired", "partially_refunded", "refunded")] string? status, [PlainText(SearchWords.MaxLength)] string? q,
        [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var (words, fault) = SearchWords.Of(q);
        if (fault is not null) return PlatformProblems.Invalid("/q", fault);
        var size = limit ?? Paging.DefaultLimit;
        // The page comes first; names are then looked up for its rows.
        var page = words is not null
            ? $"select o.* from tickets.search_orders(@words, @owner, @eventId, @status, @At, @Id, {size + 1}) found (found_id) join tickets.orders o on o.tenant_id = @TenantId and o.id = found.found_id"
            : $"""
            select * from tickets.orders o
             where o.tenant_id = @TenantId{Where.And(!caller.IsManager, "o.user_id = @UserId")}
               {Where.And(eventId is not null, "o.event_id = @eventId")}{Where.And(status is not null, "o.status = @status")}{Where.And(after is not null, "(o.created_at, o.id) < (@At, @Id)")}
             order by o.created_at desc, o.id desc limit {size + 1}
            """;
        var rows = await database.Look(caller.TenantId).QueryAsync<OrderRow>($"""
            select {OrderRow.Columns}, {OrderRow.SoldColumns}, {OrderRow.ItemsColumn}
              from ({page}) o
              left join lateral (select * from events.sale_window w where w.tenant_id = o.tenant_id and w.event_id = o.event_id limit 1) w on true
             order by o.created_at desc, o.id desc
            """, new { caller.TenantId, caller.UserId, owner = caller.IsStaff ? (Guid?)null : caller.UserId, words, eventId, status, after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Summary(), row => new NewestFirst(row.CreatedAt, row.Id)));
    }
}
