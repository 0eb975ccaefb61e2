using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Holds last two seconds here and payments get one, so that everything ends while we look.</summary>
public sealed class ShortHolds(Stack stack)
    : World(stack, [("RESERVATION_TTL_SECONDS", "2"), ("RESERVATION_SWEEP_SECONDS", "1"), ("PAYMENT_WINDOW_SECONDS", "1")]);

/// <summary>The end of a hold, and money that comes around it.</summary>
public sealed class ShortHoldTests(ShortHolds world) : IClassFixture<ShortHolds>
{
    [Fact]
    public async Task An_expired_hold_gives_its_stock_back_once_whoever_sweeps()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        var replica = await world.StartReplicaAsync();
        var buyer = Guid.CreateVersion7();
        var holds = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.HoldAsync(sale, 1, buyer)));
        var hold = await holds[0].ReadAsync(HttpStatusCode.Created);
        Assert.Equal("insufficient_inventory", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.Conflict));

        await World.UntilAsync(async () => await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", new { sale.TicketTypeId }) == 0);
        Assert.Equal("reservation_expired", await (await world.BuyHeldAsync(hold.Id(), buyer, replica: replica.Url)).RefusedAsync(HttpStatusCode.Gone));
        using var client = world.Tickets(Roles.Customer, buyer);
        Assert.Equal("expired", (await client.GetJsonAsync($"/api/v1/reservations/{hold.Id()}")).Text("status"));
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"/api/v1/reservations/{hold.Id()}", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(20, (await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => world.BuyAsync(sale)))).Count(a => a.StatusCode == HttpStatusCode.Created));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_hold_is_expired_by_the_clock_even_if_nobody_has_swept_it()
    {
        await using var lazy = await StartUnsweptAsync();
        var sale = await lazy.PutOnSaleAsync(quantity: 1);
        var buyer = Guid.CreateVersion7();
        var hold = await (await lazy.HoldAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created);
        await Task.Delay(1500, TestContext.Current.CancellationToken);

        using var anyone = lazy.Tickets();
        Assert.Equal(1, (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items()[0].Number("available"));
        Assert.Equal("reservation_expired", await (await lazy.BuyHeldAsync(hold.Id(), buyer)).RefusedAsync(HttpStatusCode.Gone));
        Assert.Equal(HttpStatusCode.Created, (await lazy.HoldAsync(sale)).StatusCode);
        await lazy.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_purchase_at_the_moment_of_expiry_is_paid_with_tickets_or_refused_with_the_money_untouched()
    {
        var sale = await world.PutOnSaleAsync(quantity: 40);
        var ends = await Task.WhenAll(Enumerable.Range(0, 40).Select(async n =>
        {
            var buyer = Guid.CreateVersion7();
            var hold = await (await world.HoldAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created);
            await Task.Delay(hold.Instant("expiresAt") - TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds((n - 20) * 4), TestContext.Current.CancellationToken);
            using var answer = await world.BuyHeldAsync(hold.Id(), buyer);
            if (answer.StatusCode == HttpStatusCode.Created) return (await answer.ReadAsync(HttpStatusCode.Created)).Items("tickets").Count;
            Assert.Equal("reservation_expired", await answer.RefusedAsync(HttpStatusCode.Gone));
            using var client = world.Tickets(Roles.Customer, buyer);
            Assert.Empty((await client.GetJsonAsync("/api/v1/orders")).Items());
            return 0;
        }));
        Assert.Equal(ends.Sum(), await world.Ask<int>("select count(*)::int from tickets.tickets where event_id = @EventId", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_payment_that_never_answers_ends_without_money_or_stock()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        var pending = await (await world.BuyAsync(sale, 3, buyer, "tok_timeout", key)).ReadAsync(HttpStatusCode.Accepted);
        Assert.Equal(("payment_pending", "wait"), (pending.Text("status"), pending.GetProperty("paymentAction").Text("type")));
        Assert.Equal(HttpStatusCode.Accepted, (await world.BuyAsync(sale, 3, buyer, "tok_timeout", key)).StatusCode);

        await EndsAsync(buyer, pending.Id("orderId"), "expired");
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 3)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Late_money_takes_the_stock_again_if_it_is_there()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3);
        var buyer = Guid.CreateVersion7();
        var pending = await (await world.BuyAsync(sale, 2, buyer, "tok_late")).ReadAsync(HttpStatusCode.Accepted);
        var order = await EndsAsync(buyer, pending.Id("orderId"), "paid");
        Assert.Equal(2, order.Items("tickets").Count(t => t.Text("status") == "issued"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Late_money_goes_back_by_itself_if_the_stock_is_gone()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        var pending = await (await world.BuyAsync(sale, 2, buyer, "tok_late")).ReadAsync(HttpStatusCode.Accepted);
        await World.UntilAsync(async () => (await world.BuyAsync(sale, 2)).StatusCode == HttpStatusCode.Created);

        var order = await EndsAsync(buyer, pending.Id("orderId"), "refunded");
        Assert.Empty(order.Items("tickets"));
        await World.UntilAsync(async () => await world.Ask<string>("select status from tickets.refunds where order_id = @id", new { id = pending.Id("orderId") }) == "succeeded");
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Money_that_comes_within_the_request_but_after_the_hold_is_settled_all_the_same()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        var slow = world.BuyAsync(sale, 1, token: "tok_slow");   // the provider takes two seconds, the hold lasts one
        await World.UntilAsync(async () => await world.Ask<int>("select count(*)::int from tickets.orders where event_id = @EventId", new { sale.EventId }) == 1);
        await World.UntilAsync(async () => (await world.BuyAsync(sale, 1)).StatusCode == HttpStatusCode.Created);
        Assert.Equal("payment_declined", await (await slow).RefusedAsync(HttpStatusCode.PaymentRequired));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from tickets.refunds r join tickets.orders o on o.id = r.order_id where o.event_id = @EventId", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_killed_replica_leaves_its_payments_to_the_others()
    {
        var sale = await world.PutOnSaleAsync(quantity: 30);
        var replica = await world.StartReplicaAsync();
        var buyers = Enumerable.Range(0, 30).Select(_ => Guid.CreateVersion7()).ToArray();
        var requests = buyers.Select(buyer => world.BuyAsync(sale, 1, buyer, "tok_slow", replica: replica.Url)).ToArray();
        await World.UntilAsync(async () => await world.Ask<int>("select count(*)::int from tickets.orders where event_id = @EventId", new { sale.EventId }) >= 10);
        await replica.KillAsync();
        await Task.WhenAll(requests.Select(async request => await Record.ExceptionAsync(() => request)));

        await World.UntilAsync(async () => await world.Ask<int>(
            "select count(*)::int from tickets.orders where event_id = @EventId and status = 'payment_pending'", new { sale.EventId }) == 0, TimeSpan.FromSeconds(40));
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from platform.idempotency_keys where status = 'running'"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private Task<World> StartUnsweptAsync() => world.AnotherAsync(("RESERVATION_TTL_SECONDS", "1"), ("RESERVATION_SWEEP_SECONDS", "3600"));

    private async Task<System.Text.Json.JsonElement> EndsAsync(Guid buyer, Guid orderId, string status)
    {
        using var client = world.Tickets(Roles.Customer, buyer);
        System.Text.Json.JsonElement order = default;
        await World.UntilAsync(async () => (order = await client.GetJsonAsync($"/api/v1/orders/{orderId}")).Text("status") == status);
        return order;
    }
}
