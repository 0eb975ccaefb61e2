using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>Payments get five seconds here, and the secret of webhooks is being changed.</summary>
public sealed class WebhookWorld(Stack stack)
    : World(stack, [("PAYMENT_WINDOW_SECONDS", "5"), ("INTERNAL_WEBHOOK_SECRET_PREVIOUS", Previous)])
{
    public const string Previous = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
}

/// <summary>What a payment service says by itself: first, twice, wrongly or never, the order ends the same.</summary>
public sealed class PaymentWebhookTests(WebhookWorld world) : IClassFixture<WebhookWorld>
{
    [Fact]
    public async Task A_confirmation_pays_a_waiting_order_and_a_repeat_does_nothing()
    {
        var (sale, order) = await WaitingAsync();
        for (var n = 0; n < 2; n++) Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(Confirmed(order.OrderId), id: $"msg_{order.OrderId}")).StatusCode);
        var paid = await world.OrderAsync(order);
        Assert.Equal(("paid", 2), (paid.Text("status"), paid.Items("tickets").Count));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.webhook_receipts where id = @id and handled_at is not null", new { id = $"msg_{order.OrderId}" }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_confirmation_sent_many_times_at_once_issues_the_tickets_once()
    {
        var (sale, order) = await WaitingAsync();
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 20).Select(n => world.PaymentWebhookAsync(Confirmed(order.OrderId), id: n % 2 == 0 ? "same" : null))))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(2, (await world.OrderAsync(order)).Items("tickets").Count);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_failure_frees_the_tickets_and_a_confirmation_after_it_is_late_money()
    {
        var (sale, order) = await WaitingAsync();
        await world.PaymentWebhookAsync(new { type = "payment.failed", data = new { orderId = order.OrderId, reason = "card_declined" } });
        Assert.Equal("payment_failed", (await world.OrderAsync(order)).Text("status"));
        Assert.Equal(5, await world.AvailableAsync(sale));
        await world.PaymentWebhookAsync(Confirmed(order.OrderId));
        Assert.Equal("paid", (await world.OrderAsync(order)).Text("status"));
        // And a failure that was overtaken changes nothing.
        await world.PaymentWebhookAsync(new { type = "payment.failed", data = new { orderId = order.OrderId } });
        Assert.Equal("paid", (await world.OrderAsync(order)).Text("status"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_confirmation_that_comes_before_the_request_has_ended_is_what_the_request_answers()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var buyer = Guid.CreateVersion7();
        var slow = world.BuyAsync(sale, 2, buyer, "tok_slow");
        Guid order = default;
        await World.UntilAsync(async () => (order = await world.Ask<Guid>("select id from tickets.orders where event_id = @EventId", new { sale.EventId })) != default);
        await world.PaymentWebhookAsync(Confirmed(order));
        Assert.Equal("paid", (await world.OrderAsync(new Bought(order, buyer, []))).Text("status"));
        Assert.Equal(2, (await (await slow).ReadAsync(HttpStatusCode.Created)).Items("tickets").Count);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Another_amount_or_an_unknown_order_or_word_is_answered_and_changes_nothing()
    {
        var (sale, order) = await WaitingAsync();
        foreach (var body in new object[]
        {
            new { type = "payment.confirmed", data = new { orderId = order.OrderId, amount = new { amount = 4999, currency = "EUR" } } },
            new { type = "payment.confirmed", data = new { orderId = order.OrderId, amount = new { amount = 5000, currency = "USD" } } },
            new { type = "payment.confirmed", data = new { orderId = Guid.CreateVersion7() } },
            new { type = "payment.confirmed", data = new { orderId = "ord_1", somethingNew = true }, more = 1 },
            new { type = "payment.disputed", data = new { orderId = order.OrderId } },
        })
            Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(body)).StatusCode);
        Assert.Equal("payment_pending", (await world.OrderAsync(order)).Text("status"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Only_a_right_signature_of_now_is_believed_and_the_one_before_still_is()
    {
        var (_, order) = await WaitingAsync();
        Assert.Equal("bad_signature", await (await world.PaymentWebhookAsync(Confirmed(order.OrderId), id: "forged", secret: Stack.NewSecret())).RefusedAsync(HttpStatusCode.Unauthorized));
        foreach (var minutes in new[] { -6, 6 })
            Assert.Equal("stale_timestamp", await (await world.PaymentWebhookAsync(Confirmed(order.OrderId), at: TimeProvider.System.GetUtcNow().AddMinutes(minutes))).RefusedAsync(HttpStatusCode.Unauthorized));
        using var client = world.Tickets();
        Assert.Equal("bad_signature", await (await client.PostAsJsonAsync("/api/v1/webhooks/payments", Confirmed(order.OrderId), TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("payment_pending", (await world.OrderAsync(order)).Text("status"));

        // A forger must not be able to use an id up.
        Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(Confirmed(order.OrderId), id: "forged", secret: WebhookWorld.Previous)).StatusCode);
        Assert.Equal("paid", (await world.OrderAsync(order)).Text("status"));
    }

    [Fact]
    public async Task Cash_is_taken_by_staff_and_its_order_names_them()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { MaxPerCustomer = 2 });
        var seller = Guid.CreateVersion7();
        Assert.Equal("role_required", await (await world.PayAsync(sale, "cash")).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("validation_failed", await (await world.PayAsync(sale, "cash", "tok_ok", role: Roles.VenueStaff)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        for (var n = 0; n < 2; n++)   // the seller is no customer: no limit of theirs counts
        {
            var sold = await (await world.PayAsync(sale, "cash", quantity: 2, buyer: seller, role: Roles.VenueStaff)).ReadAsync(HttpStatusCode.Created);
            using var manager = world.Tickets(Roles.VenueManager);
            var order = await manager.GetJsonAsync($"/api/v1/orders/{sold.Id("orderId")}");
            Assert.Equal((seller, "cash", "succeeded"), (order.Id("soldBy"), order.GetProperty("payment").Text("method"), order.GetProperty("payment").Text("status")));
            Assert.Equal(System.Text.Json.JsonValueKind.Null, order.GetProperty("userId").ValueKind);
            using var staff = world.Tickets(Roles.VenueStaff, seller);
            Assert.Equal("paid", (await staff.GetJsonAsync($"/api/v1/orders/{sold.Id("orderId")}")).Text("status"));
            // The box office prints what it sells.
            var code = (await staff.GetJsonAsync($"/api/v1/tickets/{sold.Items("tickets")[0].Id()}/qr")).Text("code");
            if (n == 0) Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
            Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.audit_log where action = 'order.sell' and resource_id = @id", new { id = sold.Id("orderId") }));
            if (n == 0) continue;
            await (await world.RefundAsync(new Bought(sold.Id("orderId"), seller, []), role: Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        }
        await World.UntilAsync(async () => await world.Ask<int>("select count(*)::int from tickets.refunds r join tickets.orders o on o.id = r.order_id where o.event_id = @EventId and r.status = 'succeeded'", new { sale.EventId }) == 1);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<(Sale, Bought)> WaitingAsync()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var buyer = Guid.CreateVersion7();
        var pending = await (await world.BuyAsync(sale, 2, buyer, "tok_timeout")).ReadAsync(HttpStatusCode.Accepted);
        return (sale, new Bought(pending.Id("orderId"), buyer, []));
    }

    private static object Confirmed(Guid orderId) => new
    {
        type = "payment.confirmed", timestamp = "2026-11-18T17:06:40Z", data = new { orderId, paymentId = "pay_1", amount = new { amount = 5000, currency = "EUR" } },
    };
}
