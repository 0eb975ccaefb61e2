using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>A world that pays by Stripe, which is a server of this process.</summary>
public sealed class StripeWorld(Stack stack) : IAsyncLifetime
{
    public StripeServer Stripe { get; private set; } = null!;

    public World World { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Stripe = await StripeServer.StartAsync();
        World = await World.StartAsync(stack, [.. Stripe.Settings, ("PAYMENT_WINDOW_SECONDS", "5"), ("RESERVATION_TTL_SECONDS", "5")]);
    }

    public async ValueTask DisposeAsync()
    {
        await World.DisposeAsync();
        await Stripe.DisposeAsync();
    }
}

/// <summary>Cards: what Stripe says and what it does not say, and an order that always ends with what the card was charged for.</summary>
public sealed class StripeTests(StripeWorld fixture) : IClassFixture<StripeWorld>
{
    private World World => fixture.World;

    private StripeServer Stripe => fixture.Stripe;

    [Fact]
    public async Task A_card_pays_once_and_its_refund_goes_back_to_it()
    {
        var sale = await World.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        var bought = await (await PayAsync(sale, "pm_card_visa", buyer, key)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(bought.ToString(), (await (await PayAsync(sale, "pm_card_visa", buyer, key)).ReadAsync(HttpStatusCode.Created)).ToString());
        Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(bought.Id("orderId")));

        var order = new Bought(bought.Id("orderId"), buyer, [.. bought.Items("tickets").Select(t => t.Id())]);
        await (await World.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        await World.UntilAsync(async () => (await World.OrderAsync(order)).Items("refunds").All(r => r.Text("status") == "succeeded"));
        Assert.Equal((5000, 2500), (Stripe.Of(order.OrderId).Received, Stripe.Of(order.OrderId).Refunded));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("pm_card_chargeDeclined")]
    [InlineData("pm_card_unknown")]
    public async Task A_card_that_is_refused_keeps_no_money_and_no_stock(string card)
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        Assert.Equal("payment_declined", await (await PayAsync(sale, card)).RefusedAsync(HttpStatusCode.PaymentRequired));
        Assert.Equal(2, await World.AvailableAsync(sale));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_is_no_payment_method_of_stripes_is_refused_before_anybody_is_asked()
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        Assert.Equal("validation_failed", await (await PayAsync(sale, "tok_ok")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await using var without = await World.AnotherAsync(("PAYMENT_METHODS", "free,test"));
        var there = await without.PutOnSaleAsync(quantity: 2);
        Assert.Equal("payment_method_unavailable", await (await without.PayAsync(there, "stripe", "pm_card_visa")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Theory]
    [InlineData("pm_test_create_500")]
    [InlineData("pm_test_create_429")]
    [InlineData("pm_test_create_deaf")]
    [InlineData("pm_test_confirm_500")]
    [InlineData("pm_test_confirm_deaf")]
    public async Task A_call_that_fails_once_is_repeated_and_charges_once(string card)
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        using var answer = await PayAsync(sale, card);
        // Two attempts of four seconds are longer than the hold, which is settled all the same.
        var orderId = (await answer.ReadAsync(HttpStatusCode.Created)).Id("orderId");
        Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(orderId));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("pm_test_create_hangs", "requires_confirmation", false)]
    [InlineData("pm_test_confirm_hangs", "canceled", true)]
    public async Task A_provider_that_never_answers_ends_without_money_or_stock(string card, string _, bool exists)
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        using var answer = await PayAsync(sale, card, buyer);
        // On a slow machine the payment is over before the buyer is answered.
        if (!exists || answer.StatusCode != HttpStatusCode.PaymentRequired) Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var order = new Bought(await World.Ask<Guid>("select id from tickets.orders where event_id = @EventId", sale), buyer, []);
        if (!exists)
        {
            // As long as it is silent the order waits; nothing is guessed.
            Assert.Equal("payment_pending", (await World.OrderAsync(order)).Text("status"));
            return;
        }
        await World.UntilAsync(async () => (await World.OrderAsync(order)).Text("status") == "expired");
        Assert.Equal((0, 0, 0, "canceled"), Stripe.Of(order.OrderId));
        await World.UntilAsync(async () => await World.AvailableAsync(sale) == 2);
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_buyer_who_has_to_confirm_is_told_how_and_paid_when_they_have()
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        var pending = await (await PayAsync(sale, "pm_card_authenticationRequired", buyer)).ReadAsync(HttpStatusCode.Accepted);
        Assert.Equal("stripe_sdk", pending.GetProperty("paymentAction").Text("type"));
        Assert.EndsWith("_secret_x", pending.GetProperty("paymentAction").Text("clientSecret"), StringComparison.Ordinal);

        var order = new Bought(pending.Id("orderId"), buyer, []);
        Stripe.Finish(order.OrderId);
        await TellAsync(order.OrderId, "payment_intent.succeeded");
        Assert.Equal("paid", (await World.OrderAsync(order)).Text("status"));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_buyer_who_never_confirms_keeps_nothing_and_is_charged_nothing()
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        var pending = await (await PayAsync(sale, "pm_card_authenticationRequired", buyer)).ReadAsync(HttpStatusCode.Accepted);
        await World.UntilAsync(async () =>
            (await World.OrderAsync(new Bought(pending.Id("orderId"), buyer, []))).Text("status") == "expired");
        Assert.Equal((0, 0, 0, "canceled"), Stripe.Of(pending.Id("orderId")));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Money_that_comes_after_the_tickets_have_gone_goes_back()
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        var buyer = Guid.CreateVersion7();
        var pending = await (await PayAsync(sale, "pm_card_processing", buyer)).ReadAsync(HttpStatusCode.Accepted);
        await World.UntilAsync(async () => (await World.BuyAsync(sale, 2)).StatusCode == HttpStatusCode.Created);
        Stripe.Finish(pending.Id("orderId"));
        await TellAsync(pending.Id("orderId"), "payment_intent.succeeded");

        var order = new Bought(pending.Id("orderId"), buyer, []);
        await World.UntilAsync(async () => (await World.OrderAsync(order)) is var now && now.Text("status") == "refunded" && now.Items("refunds").Single().Text("status") == "succeeded");
        Assert.Equal((5000, 5000, 1, "succeeded"), Stripe.Of(order.OrderId));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Events_that_come_in_any_order_twice_or_not_at_all_change_nothing_about_the_end()
    {
        var sale = await World.PutOnSaleAsync(quantity: 9);
        var orders = new List<Bought>();
        foreach (var events in new string[][] { [], ["payment_intent.succeeded", "payment_intent.succeeded"], ["payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.created"], ["payment_intent.payment_failed"] })
        {
            var buyer = Guid.CreateVersion7();
            var bought = await (await PayAsync(sale, "pm_card_visa", buyer)).ReadAsync(HttpStatusCode.Created);
            foreach (var type in events) await TellAsync(bought.Id("orderId"), type);
            orders.Add(new Bought(bought.Id("orderId"), buyer, []));
        }
        foreach (var order in orders)
        {
            Assert.Equal("paid", (await World.OrderAsync(order)).Text("status"));
            Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(order.OrderId));
        }
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task An_event_is_believed_by_its_signature_alone_and_handled_once()
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        var order = (await (await PayAsync(sale, "pm_card_visa")).ReadAsync(HttpStatusCode.Created)).Id("orderId");
        using var client = World.Tickets();
        Assert.Equal("bad_signature", await (await Stripe.TellAsync(client, order, "payment_intent.succeeded", secret: "whsec_guessed")).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("stale_timestamp", await (await Stripe.TellAsync(client, order, "payment_intent.succeeded", at: TimeProvider.System.GetUtcNow().AddMinutes(-6))).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("bad_signature", await (await client.PostAsJsonAsync("/api/v1/webhooks/stripe", new { }, TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(0, await World.Ask<int>("select count(*)::int from platform.webhook_receipts where id in ('evt_1')"));

        for (var n = 0; n < 2; n++) Assert.Equal(HttpStatusCode.OK, (await Stripe.TellAsync(client, order, "payment_intent.succeeded", id: "evt_1")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Stripe.TellAsync(client, Guid.CreateVersion7(), "payment_intent.succeeded")).StatusCode);   // nobody's order
        Assert.Equal(1, await World.Ask<int>("select count(*)::int from platform.webhook_receipts where id = 'evt_1' and handled_at is not null"));
    }

    private Task<HttpResponseMessage> PayAsync(Sale sale, string card, Guid? buyer = null, string? key = null) => World.PayAsync(sale, "stripe", card, quantity: 2, buyer, key);

    private async Task TellAsync(Guid orderId, string type)
    {
        using var client = World.Tickets();
        Assert.Equal(HttpStatusCode.OK, (await Stripe.TellAsync(client, orderId, type)).StatusCode);
    }
}
