using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>The orders that became the caller's.</summary>
public sealed record ClaimedOrders(IReadOnlyList<ClaimedOrder> Orders);

/// <param name="Tickets">Those that came with it; what its buyer gave away before stays with its new holder.</param>
public sealed record ClaimedOrder(Guid Id, string OrderNumber, Guid EventId, int Tickets);

/// <summary>
/// Gives the orders that an address bought without a sign-in to the person who has proved that the address is theirs. An order is claimed once; a repeated call finds what was bought since.
/// </summary>
internal static class ClaimOrders
{
    private static readonly ClaimedOrders s_example = new([new ClaimedOrder(ExampleSale.Order, ExampleSale.OrderNumber, ExampleSale.Event, 2)]);

    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapPost("/claim", HandleAsync)
            .WithName("ClaimOrders").WithSummary("Take over what one's verified e-mail address bought without a sign-in")
            .WithDescription("Orders whose contactEmail is the token's address, and their tickets. An order whose payment is pending can be claimed when that is settled.")
            .WithRateTier(RateTier.Write).WithAnswerExample(s_example)
            .MayRefuseWith(InventoryProblems.EmailNotVerified);

    private static async Task<Results<Ok<ClaimedOrders>, Refusal>> HandleAsync(Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        if (!caller.EmailIsVerified || caller.Email.Length == 0) return InventoryProblems.EmailNotVerified.With("Verify your e-mail address, then sign in again.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var orders = await work.QueryAsync<Row>("""
            with claimable as (
                select o.id, o.user_id from tickets.orders o
                 where o.contact_email = @Email and o.is_guest and o.status <> 'payment_pending' order by o.id for no key update)
            update tickets.orders o set user_id = @UserId, is_guest = false, updated_at = clock_timestamp()
              from claimable c where o.tenant_id = @TenantId and o.id = c.id
            returning o.id, o.order_number, o.event_id, c.user_id as guest_id
            """, new { caller.TenantId, caller.Email, caller.UserId }, cancellationToken);
        if (orders.Count > 0)
        {
            var moved = await MoveTicketsAsync(work, caller, [.. orders], cancellationToken);
            foreach (var order in orders)
            {
                order.Tickets = moved.Count(ticket => ticket == order.Id);
                await work.AuditAsync(actor, new AuditEntry("order.claim", "order", order.Id, new { UserId = order.GuestId }, new { caller.UserId, order.Tickets }), cancellationToken);
            }
            await work.CommitAsync(cancellationToken);
        }
        context.NeverCache();
        return TypedResults.Ok(new ClaimedOrders([.. orders.OrderBy(order => order.Id).Select(order => new ClaimedOrder(order.Id, order.OrderNumber, order.EventId, order.Tickets))]));
    }

    /// <returns>For each ticket that came along, its order.</returns>
    private static async Task<IReadOnlyList<Guid>> MoveTicketsAsync(TenantWork work, Caller caller, Row[] orders, CancellationToken cancellationToken)
    {
        var from = new { caller.TenantId, caller.UserId, orders = Array.ConvertAll(orders, o => o.Id), guests = Array.ConvertAll(orders, o => o.GuestId) };
        // What a discount allows one customer counts for the owner of the order.
        await work.ExecuteAsync("""
            update tickets.discount_redemptions r set user_id = @UserId
              from unnest(@orders, @guests) as c (order_id, guest_id) where r.tenant_id = @TenantId and r.order_id = c.order_id and r.user_id = c.guest_id
            """, from, cancellationToken);
        // Locked by id, as everywhere. The codes stay: it is the same person, and what was printed goes on admitting.
        var tickets = await work.QueryAsync<Guid>("""
            with locked as (
                select t.id from tickets.tickets t join unnest(@orders, @guests) as c (order_id, guest_id) on t.order_id = c.order_id and t.user_id = c.guest_id
                 where t.tenant_id = @TenantId order by t.id for no key update of t)
            update tickets.tickets t set user_id = @UserId, updated_at = clock_timestamp() from locked l where t.tenant_id = @TenantId and t.id = l.id returning t.order_id
            """, from, cancellationToken);
        await work.ExecuteAsync("""
            update tickets.ticket_transfers f set from_user_id = @UserId
              from tickets.tickets t join unnest(@orders, @guests) as c (order_id, guest_id) on t.order_id = c.order_id
             where t.tenant_id = @TenantId and f.tenant_id = @TenantId and f.ticket_id = t.id and f.from_user_id = c.guest_id and f.status = 'offered'
            """, from, cancellationToken);
        return tickets;
    }

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string OrderNumber { get; init; } = "";
        public Guid EventId { get; init; }
        public Guid GuestId { get; init; }
        public int Tickets { get; set; }
    }
}
