using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Refunds;

/// <summary>A blocked ticket is in dispute: nothing pays it but a manager who names it.</summary>
public sealed class BlockedTicketTests(World world) : IClassFixture<World>
{
    private static readonly SaleOptions s_inThreeDays = new() { StartsIn = TimeSpan.FromDays(3) };

    [Fact]
    public async Task Its_holder_is_refused_and_the_rest_of_the_order_goes_back_without_it()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3, s_inThreeDays);
        var order = await world.BoughtAsync(sale, quantity: 3);
        await (await world.BlockAsync(order.Tickets[0])).ReadAsync();
        foreach (var preview in new[] { true, false })
            Assert.Equal("ticket_blocked", await (await world.RefundAsync(order, [order.Tickets[0]], preview: preview)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(0, await world.AvailableAsync(sale));

        var would = await (await world.RefundAsync(order, preview: true)).ReadAsync();
        var refund = await (await world.RefundAsync(order)).ReadAsync(HttpStatusCode.Created);
        foreach (var said in new[] { would, refund })
        {
            Assert.Equal(5000, Amount(said));
            Assert.Equal((order.Tickets[0], "ticket_blocked"), (said.Items("leftOut").Single().Id("ticketId"), said.Items("leftOut").Single().Text("reason")));
        }
        Assert.Equal("partially_refunded", refund.Text("orderStatus"));
        Assert.Equal(2, await world.AvailableAsync(sale));
        Assert.Equal("ticket_blocked", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.Conflict));
        await world.AssertBooksAreRightAsync(sale.EventId);

        // A manager who gives the whole order back has not spoken of this ticket; one who names it has.
        Assert.Equal("ticket_blocked", await (await world.RefundAsync(order, role: Roles.VenueManager)).RefusedAsync(HttpStatusCode.Conflict));
        refund = await (await world.RefundAsync(order, [order.Tickets[0]], Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((2500, "refunded", 0), (Amount(refund), refund.Text("orderStatus"), refund.Items("leftOut").Count));
        Assert.Equal(3, await world.AvailableAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("unblock")]
    [InlineData("refund")]
    public async Task When_the_event_is_cancelled_it_waits_for_a_person(string act)
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_inThreeDays);
        var (half, whole) = (await world.BoughtAsync(sale, quantity: 2), await world.BoughtAsync(sale));
        await world.BoughtAsync(sale, quantity: 2);
        foreach (var blocked in new[] { half.Tickets[0], whole.Tickets[0] }) await (await world.BlockAsync(blocked)).ReadAsync();
        await world.MoveAsync(sale.EventId, "cancelled");

        await World.UntilAsync(async () =>
            await world.CancellationAsync(sale.EventId) is { Orders: 3, Refunded: 1, Failed: 0, Remaining: 0, NeedsPerson: 2 });
        await World.UntilAsync(async () => await world.Ask<string>("select status from tickets.cancellations where event_id = @EventId", sale) == "done");
        using var manager = world.Tickets(Roles.VenueManager);
        var waiting = (await manager.GetJsonAsync($"/api/v1/tickets?eventId={sale.EventId}&status=blocked")).Items();
        Assert.Equal(new[] { half.Tickets[0], whole.Tickets[0] }.Order(), waiting.Select(t => t.Id()).Order());
        Assert.Equal(("paid", "partially_refunded"), ((await world.OrderAsync(whole)).Text("status"), (await world.OrderAsync(half)).Text("status")));
        Assert.Equal(5000 + 2500, await world.Ask<int>("select sum(r.amount_minor) from tickets.refunds r join tickets.orders o on o.id = r.order_id where o.event_id = @EventId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);

        foreach (var order in new[] { half, whole })
        {
            if (act == "unblock") await (await world.BlockAsync(order.Tickets[0], "unblock")).ReadAsync();
            else await (await world.RefundAsync(order, [order.Tickets[0]], Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        }
        await World.UntilAsync(async () => await world.CancellationAsync(sale.EventId) is { IsDone: true, Orders: 3, NeedsPerson: 0 });
        await world.AssertAllWentBackOnceAsync(sale.EventId);
    }

    [Fact]
    public async Task Blocking_races_with_a_refund_and_with_the_cancellation_and_no_ticket_is_both_blocked_and_paid()
    {
        var sale = await world.PutOnSaleAsync(quantity: 40, s_inThreeDays);
        var replica = await world.StartReplicaAsync();
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.BoughtAsync(sale, quantity: 2)));
        foreach (var order in orders.Take(12))
        {
            var block = world.BlockAsync(order.Tickets[0]);
            var refund = world.RefundAsync(order, order.Tickets, replica: replica.Url);
            var (blocked, given) = (await block, await refund);
            // Refused as a whole, or given back as a whole before the block came.
            Assert.Equal(blocked.StatusCode == HttpStatusCode.OK, given.StatusCode != HttpStatusCode.Created);
        }
        var cancel = world.MoveAsync(sale.EventId, "cancelled");
        foreach (var order in orders.Skip(12)) await world.BlockAsync(order.Tickets[1], replica: replica.Url);
        await cancel;
        await World.UntilAsync(async () => await world.CancellationAsync(sale.EventId) is { Remaining: 0, Failed: 0 });
        Assert.Equal(0, await world.Ask<int>("select count(*) from tickets.tickets where event_id = @EventId and ((status = 'blocked') <> (refund_id is null))", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private static long Amount(JsonElement refund) => refund.GetProperty("amount").Number("amount");
}
