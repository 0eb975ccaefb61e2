using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Money and tickets never part.</summary>
public sealed class PurchaseTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task A_hold_becomes_a_paid_order_whose_tickets_the_buyer_owns()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var buyer = Guid.CreateVersion7();
        var hold = await (await world.HoldAsync(sale, quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("held", hold.Text("status"));
        Assert.Equal(5000, hold.GetProperty("total").Number("amount"));

        var bought = await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("paid", bought.Text("status"));
        Assert.Equal(5000, bought.GetProperty("total").Number("amount"));
        Assert.Equal(2, bought.Items("tickets").Count);

        using var client = world.Tickets(Roles.Customer, buyer);
        var order = await client.GetJsonAsync($"/api/v1/orders/{bought.Id("orderId")}");
        Assert.Equal(("paid", bought.Text("orderNumber")), (order.Text("status"), order.Text("orderNumber")));
        Assert.Equal(2, (await client.GetJsonAsync("/api/v1/tickets")).Items().Count(t => t.Text("status") == "issued" && t.Id("userId") == buyer));
        Assert.Equal("completed", (await client.GetJsonAsync($"/api/v1/reservations/{hold.Id()}")).Text("status"));
        Assert.Equal("reservation_not_held", await (await world.BuyHeldAsync(hold.Id(), buyer)).RefusedAsync(HttpStatusCode.Conflict));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("tok_ok")]
    [InlineData("tok_slow")]
    [InlineData("tok_decline")]
    public async Task The_same_purchase_sent_twenty_times_at_once_is_one_order_and_twenty_equal_answers(string token)
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        var replica = await world.SecondReplicaAsync();

        var bodies = new HashSet<string>();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => UntilAnsweredAsync(() => world.BuyAsync(sale, 1, buyer, token, key, n % 2 == 0 ? replica.Url : null))));
        foreach (var answer in answers)
        {
            Assert.Equal(token == "tok_decline" ? HttpStatusCode.PaymentRequired : HttpStatusCode.Created, answer.StatusCode);
            bodies.Add(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        Assert.Single(bodies);
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from tickets.orders where event_id = @EventId", new { sale.EventId }));
        Assert.Equal(19, answers.Count(a => a.Headers.Contains("Idempotency-Replayed")));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_key_belongs_to_one_request()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 1, buyer, key: key)).StatusCode);
        Assert.Equal("idempotency_key_reused", await (await world.BuyAsync(sale, 2, buyer, key: key)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 1, Guid.CreateVersion7(), key: key)).StatusCode);   // another person's key is another key
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_key_is_required_and_a_refusal_leaves_it_unused()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        Assert.Equal("idempotency_key_required", await (await world.BuyAsync(sale, 1, buyer, key: "short")).RefusedAsync(HttpStatusCode.BadRequest));
        Assert.Equal("insufficient_inventory", await (await world.BuyAsync(sale, 2, buyer, key: key)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 1, buyer, key: key)).StatusCode);
    }

    [Fact]
    public async Task A_declined_payment_in_one_step_keeps_no_money_and_no_stock()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        Assert.Equal("payment_declined", await (await world.BuyAsync(sale, 2, buyer, "tok_decline")).RefusedAsync(HttpStatusCode.PaymentRequired));

        using var client = world.Tickets(Roles.Customer, buyer);
        Assert.Equal("payment_failed", (await client.GetJsonAsync("/api/v1/orders")).Items().Single().Text("status"));
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 2)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_the_provider_confirms_twice_is_issued_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var bought = await (await world.BuyAsync(sale, 2, token: "tok_twice")).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(2, bought.Items("tickets").Count);
        Assert.Equal(2, await world.Ask<int>("select count(*)::int from tickets.tickets where event_id = @EventId", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_costs_nothing_is_free_and_what_costs_something_is_not()
    {
        var free = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { PriceMinor = 0 });
        Assert.Equal("paid", (await (await world.BuyAsync(free, 2, token: "free")).ReadAsync(HttpStatusCode.Created)).Text("status"));
        var dear = await world.PutOnSaleAsync(quantity: 5);
        Assert.Equal("payment_method_unavailable", await (await world.BuyAsync(dear, 1, token: "free")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task Another_customers_hold_order_and_ticket_are_not_mine()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var (owner, thief) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var hold = await (await world.HoldAsync(sale, 1, owner)).ReadAsync(HttpStatusCode.Created);
        var bought = await (await world.BuyAsync(sale, 1, owner)).ReadAsync(HttpStatusCode.Created);
        using var client = world.Tickets(Roles.Customer, thief);
        Assert.Equal("not_owner", await (await world.BuyHeldAsync(hold.Id(), thief)).RefusedAsync(HttpStatusCode.Forbidden));
        foreach (var path in new[] { $"reservations/{hold.Id()}", $"orders/{bought.Id("orderId")}", $"tickets/{bought.Items("tickets")[0].Id()}", $"tickets/{bought.Items("tickets")[0].Id()}/qr" })
            Assert.Equal("not_owner", await (await client.GetAsync($"/api/v1/{path}", TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Forbidden));

        // Of another organiser's people not even the existence is told.
        using var foreign = world.Tickets(Roles.Admin, tenant: world.OtherTenant);
        foreach (var path in new[] { $"reservations/{hold.Id()}", $"orders/{bought.Id("orderId")}", $"tickets/{bought.Items("tickets")[0].Id()}" })
            Assert.Equal("not_found", await (await foreign.GetAsync($"/api/v1/{path}", TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await world.HoldAsync(sale with { Tenant = world.OtherTenant })).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_discount_code_that_does_not_apply_never_charges_the_full_price()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        using var client = world.Tickets(Roles.Customer);
        var body = new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } }, discountCode = "SUMMER" };
        Assert.Equal("discount_invalid", await (await client.PostAsync("/api/v1/reservations", body)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    // 409 request_in_progress asks for another try; what is answered in the end must be equal for all.
    private static async Task<HttpResponseMessage> UntilAnsweredAsync(Func<Task<HttpResponseMessage>> send)
    {
        for (var attempt = 0; ; attempt++)
        {
            var answer = await send();
            if (answer.StatusCode != HttpStatusCode.Conflict || attempt == 100) return answer;
            Assert.Equal("request_in_progress", await answer.RefusedAsync(HttpStatusCode.Conflict));
            Assert.NotNull(answer.Headers.RetryAfter);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
