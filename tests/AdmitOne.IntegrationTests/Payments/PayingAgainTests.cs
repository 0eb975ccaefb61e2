using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>A payment that came to nothing, or is called off, does not cost its buyer the place.</summary>
public sealed class PayingAgainTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_declined_card_leaves_the_hold_for_another_card_and_its_time_as_it_was()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2, new SaleOptions { MaxPerCustomer = 2 });
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        var hold = await (await world.HoldAsync(sale, quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        using var client = world.Tickets(Roles.Customer, buyer);
        DateTimeOffset? heldUntil = null;
        for (var n = 0; n < 3; n++)
        {
            using var declined = await world.BuyHeldAsync(hold.Id(), buyer, "tok_decline", n == 0 ? key : null);
            var problem = JsonSerializer.Deserialize<JsonElement>(await declined.Content.ReadAsStringAsync(Cancellation));
            Assert.Equal((HttpStatusCode.PaymentRequired, "payment_declined"), (declined.StatusCode, problem.Text("code")));
            // The last places are held for a shorter time, which the first payment moves to its window, once.
            heldUntil ??= problem.Instant("heldUntil");
            Assert.True(heldUntil >= hold.Instant("expiresAt"));
            var kept = await client.GetJsonAsync($"/api/v1/reservations/{hold.Id()}");
            Assert.Equal(("held", heldUntil, heldUntil), (kept.Text("status"), kept.Instant("expiresAt"), problem.Instant("heldUntil")));
            Assert.Equal("insufficient_inventory", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.Conflict));
        }
        // The first key has its answer for good; a new one pays.
        Assert.Equal("payment_declined", await (await world.BuyHeldAsync(hold.Id(), buyer, "tok_decline", key)).RefusedAsync(HttpStatusCode.PaymentRequired));
        Assert.Equal(2, (await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created)).Items("tickets").Count);
        Assert.Equal(["paid", "payment_failed", "payment_failed", "payment_failed"], (await client.GetJsonAsync("/api/v1/orders")).Items().Select(o => o.Text("status")));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_hold_whose_card_was_declined_can_still_be_given_back_and_runs_out_by_itself()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        var (first, second) = (await (await world.HoldAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created), await (await world.HoldAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created));
        foreach (var hold in new[] { first, second }) Assert.Equal("payment_declined", await (await world.BuyHeldAsync(hold.Id(), buyer, "tok_decline")).RefusedAsync(HttpStatusCode.PaymentRequired));
        using var client = world.Tickets(Roles.Customer, buyer);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"/api/v1/reservations/{first.Id()}", Cancellation)).StatusCode);
        await world.Sql("update tickets.reservations set expires_at = clock_timestamp() where id = @id", new { id = second.Id() });
        Assert.Equal("reservation_expired", await (await world.BuyHeldAsync(second.Id(), buyer)).RefusedAsync(HttpStatusCode.Gone));
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 2)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task One_hold_is_paid_once_by_however_many_cards_at_two_replicas()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var replica = await world.SecondReplicaAsync();
        var buyer = Guid.CreateVersion7();
        var hold = await (await world.HoldAsync(sale, 2, buyer)).ReadAsync(HttpStatusCode.Created);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => world.BuyHeldAsync(hold.Id(), buyer, n % 4 == 0 ? "tok_ok" : "tok_decline", replica: n % 2 == 0 ? replica.Url : null)));
        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.Created), 0, 1);
        if (answers.All(a => a.StatusCode != HttpStatusCode.Created)) await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(2, await world.Ask<int>("select count(*) from tickets.tickets where event_id = @EventId", sale));
        Assert.Equal(8, await world.AvailableAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_owner_of_a_pending_payment_calls_it_off_and_pays_at_once_also_where_one_is_the_limit(bool isHeld)
    {
        var sale = await world.PutOnSaleAsync(quantity: 1, new SaleOptions { MaxPerCustomer = 1 });
        var buyer = Guid.CreateVersion7();
        var hold = isHeld ? (await (await world.HoldAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created)).Id() : default;
        Task<HttpResponseMessage> BuyAsync(string token) => isHeld ? world.BuyHeldAsync(hold, buyer, token) : world.BuyAsync(sale, 1, buyer, token);
        var pending = (await (await BuyAsync("tok_timeout")).ReadAsync(HttpStatusCode.Accepted)).Id("orderId");
        Assert.Equal(isHeld ? "reservation_not_held" : "limit_per_customer", await (await BuyAsync("tok_ok")).RefusedAsync(isHeld ? HttpStatusCode.Conflict : HttpStatusCode.UnprocessableEntity));

        Assert.Equal("not_owner", await (await world.CallOffAsync(pending, Guid.CreateVersion7())).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("not_found", await (await world.CallOffAsync(Guid.CreateVersion7(), buyer)).RefusedAsync(HttpStatusCode.NotFound));
        for (var n = 0; n < 2; n++)
        {
            var calledOff = await (await world.CallOffAsync(pending, buyer)).ReadAsync();
            Assert.Equal((pending, "payment_failed", "cancelled"), (calledOff.Id(), calledOff.Text("status"), calledOff.GetProperty("payment").Text("status")));
        }
        Assert.Equal(isHeld ? 0 : 1, await world.AvailableAsync(sale));
        var bought = await (await BuyAsync("tok_ok")).ReadAsync(HttpStatusCode.Created);
        Assert.Single(bought.Items("tickets"));
        // Whoever calls off what is paid reads that it is paid.
        Assert.Equal("paid", (await (await world.CallOffAsync(bought.Id("orderId"), buyer)).ReadAsync()).Text("status"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Money_that_is_on_its_way_cannot_be_called_off_and_money_that_came_is_tickets()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var buyer = Guid.CreateVersion7();
        var late = (await (await world.BuyAsync(sale, 1, buyer, "tok_late")).ReadAsync(HttpStatusCode.Accepted)).Id("orderId");
        Assert.Equal("payment_in_progress", await (await world.CallOffAsync(late, buyer)).RefusedAsync(HttpStatusCode.Conflict));
        await World.UntilAsync(async () =>
        {
            await world.Sql("update tickets.payments set hold_expires_at = clock_timestamp() - interval '5 seconds' where order_id = @late", new { late });
            return (await (await world.CallOffAsync(late, buyer)).ReadAsync()).Text("status") == "paid";
        });
        Assert.Single((await world.OrderAsync(new Bought(late, buyer, []))).Items("tickets"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Calling_off_races_with_the_payment_itself_and_money_and_tickets_never_part()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { MaxPerCustomer = 1 });
        var replica = await world.SecondReplicaAsync();
        var ends = await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            var buyer = Guid.CreateVersion7();
            var hold = (await (await world.HoldAsync(sale, 1, buyer)).ReadAsync(HttpStatusCode.Created)).Id();
            var purchase = world.BuyHeldAsync(hold, buyer, n % 2 == 0 ? "tok_slow" : "tok_timeout");
            Guid order = default;
            await World.UntilAsync(async () => (order = await world.Ask<Guid>("select id from tickets.orders where hold_id = @hold", new { hold })) != default);
            var called = await Task.WhenAll(world.CallOffAsync(order, buyer), world.CallOffAsync(order, buyer, replica.Url));
            using var answer = await purchase;
            var statuses = new HashSet<string>();
            foreach (var one in called) statuses.Add((await one.ReadAsync()).Text("status"));
            Assert.Equal(n % 2 == 0 ? "paid" : "payment_failed", Assert.Single(statuses));
            if (n % 2 == 1) await (await world.BuyHeldAsync(hold, buyer, replica: replica.Url)).ReadAsync(HttpStatusCode.Created);
            return (await world.OrderAsync(new Bought(order, buyer, []))).Text("status");
        }));
        Assert.Equal(4, ends.Count(e => e == "paid"));
        Assert.Equal(8, await world.Ask<int>("select count(*) from tickets.tickets where event_id = @EventId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }
}
