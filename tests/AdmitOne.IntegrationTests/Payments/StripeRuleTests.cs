using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>What Stripe's own rules ask of prices, of settings, and of the moment between two calls.</summary>
public sealed class StripeRuleTests(StripeWorld fixture) : IClassFixture<StripeWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private World World => fixture.World;

    private StripeServer Stripe => fixture.Stripe;

    [Theory]
    [InlineData("KWD", 4507)]
    [InlineData("TND", 1)]
    [InlineData("MGA", 4550)]
    public async Task A_price_that_no_card_can_pay_is_refused_when_it_is_set(string currency, long amount)
    {
        var sale = await World.PutOnSaleAsync(2);
        using var manager = World.Tickets(Roles.VenueManager);
        var price = new { amount, currency };
        var type = new { name = "Odd", price, quantity = 1, sectionId = sale.SectionId };
        using var made = await manager.PostAsJsonAsync($"/api/v1/events/{sale.EventId}/ticket-types", type, Stop);
        var refused = await made.ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("validation_failed", refused.Text("code"));
        Assert.Contains($"Cards pay {currency} in steps of", refused.Text("detail"), StringComparison.Ordinal);
        using var fee = await manager.PostAsJsonAsync($"/api/v1/events/{sale.EventId}/ticket-types",
            new { type.name, price = new { amount = 4000, currency }, type.quantity, type.sectionId, fees = new[] { new { name = "Booking", amount = price } } }, Stop);
        Assert.Equal("/fees/0/amount/amount", (await fee.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors")[0].Text("pointer"));
        using var code = await manager.PostAsJsonAsync("/api/v1/discounts",
            new { code = $"odd-{currency}", kind = "fixed", amount = price, validFrom = "2026-01-01T00:00:00Z", validUntil = "2030-01-01T00:00:00Z" }, Stop);
        Assert.Equal("validation_failed", await code.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task A_sum_with_percentages_is_one_that_a_card_can_pay_and_so_is_its_refund()
    {
        var sale = await World.PutOnSaleAsync(4, Kwd(4500, new() { ["tax"] = new { percent = 7.77, included = false } }, feePercent: 33));
        var buyer = Guid.CreateVersion7();
        var bought = await (await World.PayAsync(sale, "stripe", "pm_card_visa", quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(9700, bought.GetProperty("total").Number("amount"));   // 9.699 and a bit
        var order = new Bought(bought.Id("orderId"), buyer, [.. bought.Items("tickets").Select(t => t.Id())]);
        await (await World.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        await World.UntilAsync(async () => (await World.OrderAsync(order)).Items("refunds").Single().Text("status") == "succeeded");
        Assert.Equal(0, Stripe.Of(order.OrderId).Refunded % 10);
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_sum_that_no_card_can_pay_is_never_called_declined()
    {
        var sale = await World.PutOnSaleAsync(4, Kwd(4500, []));
        // As if the price was set before Stripe was among the ways to pay.
        await World.Sql("update tickets.ticket_types set price_minor = 4507 where id = @TicketTypeId", new { sale.TicketTypeId });
        using var answer = await World.PayAsync(sale, "stripe", "pm_card_visa");
        var refused = await answer.ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("payment_method_unavailable", refused.Text("code"));
        Assert.Contains("4.507", refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(4, await World.AvailableAsync(sale));
        await (await World.PayAsync(sale, "test", "tok_ok")).ReadAsync(HttpStatusCode.Created);
        // A patch of something else lets it stand.
        using var manager = World.Tickets(Roles.VenueManager);
        manager.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", "*");
        using var renamed = await manager.PatchAsJsonAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", new { name = "Standing" }, Stop);
        Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
    }

    [Fact]
    public async Task The_intents_id_is_stored_before_it_is_confirmed()
    {
        var sale = await World.PutOnSaleAsync(2);
        var paying = World.PayAsync(sale, "stripe", "pm_test_confirm_waits");
        Guid? order = null;
        await World.UntilAsync(async () => (order = await World.Ask<Guid?>("select order_id from tickets.payments p join tickets.orders o on o.id = p.order_id where o.event_id = @EventId and p.provider_reference like 'pi_%'",
            new { sale.EventId })) is not null);
        Assert.Equal("requires_confirmation", Stripe.Of(order!.Value).Status);
        Stripe.LetGo(order.Value);
        using var answer = await paying;
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    [Fact]
    public async Task A_replica_without_stripes_settings_leaves_its_payments_and_refunds_alone()
    {
        await using var world = await World.AnotherAsync(("PAYMENT_METHODS", "free,test"));
        var settings = new Dictionary<string, string?>(world.TicketsSettings);
        foreach (var (name, value) in Stripe.Settings) settings[name] = value;
        var with = await world.StartAsync(configuration => TicketsService.Build(configuration), settings);
        var sale = await world.PutOnSaleAsync(6, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var buyer = Guid.CreateVersion7();
        var bought = await (await world.PayAsync(sale, "stripe", "pm_card_visa", buyer: buyer, replica: World.Address(with))).ReadAsync(HttpStatusCode.Created);
        var waiting = await (await world.PayAsync(sale, "stripe", "pm_card_processing", buyer: buyer, replica: World.Address(with))).ReadAsync(HttpStatusCode.Accepted);
        await with.StopAsync(Stop);

        await (await world.RefundAsync(new Bought(bought.Id("orderId"), buyer, []))).ReadAsync(HttpStatusCode.Created);
        await world.Sql("update tickets.payments set next_check_at = clock_timestamp() - interval '1 hour' where order_id = @id", new { id = waiting.Id("orderId") });
        var asked = Stripe.Calls("retrieve", waiting.Id("orderId"));
        // What is owed later, by another method, is sent: the replica looked, and nothing waits behind Stripe's.
        var test = await (await world.PayAsync(sale, "test", "tok_ok", buyer: buyer)).ReadAsync(HttpStatusCode.Created);
        await (await world.RefundAsync(new Bought(test.Id("orderId"), buyer, []))).ReadAsync(HttpStatusCode.Created);
        await World.UntilAsync(async () =>
            await world.Ask<string>("select status from tickets.refunds where order_id = @id",
                new { id = test.Id("orderId") }) == "succeeded");
        var late = await (await world.PayAsync(sale, "test", "tok_timeout", buyer: buyer)).ReadAsync(HttpStatusCode.Accepted);
        await world.Sql("update tickets.payments set next_check_at = clock_timestamp() - interval '1 minute' where order_id = @id",
                new { id = late.Id("orderId") });
        await World.UntilAsync(async () =>
            await world.Ask<bool>("select next_check_at > clock_timestamp() from tickets.payments where order_id = @id",
                new { id = late.Id("orderId") }));
        Assert.Equal(("pending", 0), (await world.Ask<string>("select status from tickets.refunds where order_id = @id", new { id = bought.Id("orderId") }),
            await world.Ask<int>("select attempts from tickets.refunds where order_id = @id", new { id = bought.Id("orderId") })));
        Assert.Equal(("payment_pending", asked), (await world.Ask<string>("select status from tickets.orders where id = @id", new { id = waiting.Id("orderId") }), Stripe.Calls("retrieve", waiting.Id("orderId"))));
    }

    [Fact]
    public async Task A_shop_reads_how_to_pay_and_the_key_for_the_card_form()
    {
        var sale = await World.PutOnSaleAsync(2);
        using var anyone = World.Tickets();
        using var answer = await anyone.GetAsync($"/api/v1/events/{sale.EventId}/payment-methods", Stop);
        var methods = (await answer.ReadAsync()).Items().ToDictionary(m => m.Text("method"));
        Assert.Equal(["cash", "free", "stripe", "test"], methods.Keys.Order());
        Assert.Equal((StripeServer.PublishableKey, true, true), (methods["stripe"].Text("publishableKey"), methods["stripe"].GetProperty("needsToken").GetBoolean(), methods["cash"].GetProperty("staffOnly").GetBoolean()));
        Assert.Equal("public, max-age=60", answer.Headers.CacheControl!.ToString());
        using var nowhere = await anyone.GetAsync($"/api/v1/events/{Guid.CreateVersion7()}/payment-methods", Stop);
        Assert.Equal("not_found", await nowhere.RefusedAsync(HttpStatusCode.NotFound));
        var draft = await World.PutOnSaleAsync(2, new SaleOptions { Status = "draft" });
        using var hidden = await anyone.GetAsync($"/api/v1/events/{draft.EventId}/payment-methods", Stop);
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
    }

    private static SaleOptions Kwd(long price, Dictionary<string, object?> more, int feePercent = 0) => new()
    {
        StartsIn = TimeSpan.FromDays(3),
        TicketType = new Dictionary<string, object?>(more) { ["price"] = new { amount = price, currency = "KWD" } },
        Event = new Dictionary<string, object?> { ["refundPolicy"] = new { feePercent, untilHoursBefore = 1 } },
    };
}
