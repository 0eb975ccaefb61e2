using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>What Stripe says after the first yes about money that goes back.</summary>
public sealed class StripeRefundTests(StripeWorld fixture) : IClassFixture<StripeWorld>
{
    private World World => fixture.World;

    private StripeServer Stripe => fixture.Stripe;

    [Theory]
    [InlineData("pm_test_refund_pending")]
    [InlineData("pm_test_refund_action")]
    public async Task A_refund_that_takes_time_is_pending_until_stripe_says_otherwise(string card)
    {
        var order = await BuyAsync(card);
        await RefundAllAsync(order);
        await World.UntilAsync(async () => Stripe.Of(order.OrderId).Refunded == 5000 && await CheckedAsync(order) > 1);
        Assert.Equal("pending", (await RefundOfAsync(order)).Text("status"));

        Stripe.FinishRefunds(order.OrderId, "succeeded");
        await TellAsync(order, "refund.updated");
        Assert.Equal("succeeded", (await RefundOfAsync(order)).Text("status"));
        Assert.Single(Stripe.RefundKeys(order.OrderId));
        await BooksAreRightAsync(order);
    }

    [Fact]
    public async Task A_refund_that_takes_time_is_asked_about_without_any_event()
    {
        var order = await BuyAsync("pm_test_refund_pending");
        await RefundAllAsync(order);
        await World.UntilAsync(() => Task.FromResult(Stripe.Of(order.OrderId).Refunded == 5000));
        Stripe.FinishRefunds(order.OrderId, "succeeded");
        await World.UntilAsync(async () => (await RefundOfAsync(order)).Text("status") == "succeeded");
    }

    [Theory]
    [InlineData("pm_test_refund_pending")]
    [InlineData("pm_card_visa")]   // it had succeeded, and then the buyer's bank gave the money back
    public async Task A_refund_that_fails_is_failed_told_and_sent_again_only_by_a_manager(string card)
    {
        var order = await BuyAsync(card);
        await RefundAllAsync(order);
        await World.UntilAsync(async () => Stripe.Of(order.OrderId).Refunded == 5000 && (card == "pm_test_refund_pending" || (await RefundOfAsync(order)).Text("status") == "succeeded"));
        Stripe.FinishRefunds(order.OrderId, "failed");
        for (var n = 0; n < 2; n++) await TellAsync(order, "refund.failed");
        var failed = await RefundOfAsync(order, Roles.VenueManager);
        Assert.Equal(("failed", true), (failed.Text("status"), failed.GetProperty("needsPerson").GetBoolean()));
        Assert.Contains("expired_or_canceled_card", failed.Text("lastError"), StringComparison.Ordinal);
        Assert.Equal(1, await ToldAsync(order, "refund.failed"));
        Assert.Equal(1, await World.Ask<int>("select count(*)::int from platform.audit_log where action = 'refund.fail' and resource_id = @OrderId", new { order.OrderId }));

        // Nothing sends it by itself: not the worker, and not one more event.
        await World.Sql("update tickets.refunds set next_attempt_at = clock_timestamp() where order_id = @OrderId", new { order.OrderId });
        await TellAsync(order, "refund.updated");
        Assert.Single(Stripe.RefundKeys(order.OrderId));
        Assert.Equal("role_required", await (await RetryAsync(order, failed.Id(), Roles.Customer)).RefusedAsync(HttpStatusCode.Forbidden));

        Assert.Equal("pending", (await (await RetryAsync(order, failed.Id())).ReadAsync()).Text("status"));
        await World.UntilAsync(() => Task.FromResult(Stripe.Of(order.OrderId).Refunded == 5000));
        Stripe.FinishRefunds(order.OrderId, "succeeded");
        await World.UntilAsync(async () => (await RefundOfAsync(order)).Text("status") == "succeeded");
        Assert.Equal(2, Stripe.RefundKeys(order.OrderId).Distinct().Count());
        Assert.Equal("refund_not_failed", await (await RetryAsync(order, failed.Id())).RefusedAsync(HttpStatusCode.Conflict));
        await BooksAreRightAsync(order);
    }

    [Fact]
    public async Task Each_attempt_after_a_definite_refusal_has_a_new_key_and_each_after_silence_the_same()
    {
        var order = await BuyAsync("pm_test_refund_broke");
        await RefundAllAsync(order);
        await World.UntilAsync(() => Task.FromResult(Stripe.RefundKeys(order.OrderId).Count >= 2));
        Stripe.Fund(order.OrderId);
        await World.UntilAsync(async () => (await RefundOfAsync(order)).Text("status") == "succeeded");
        var keys = Stripe.RefundKeys(order.OrderId);
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal(5000, Stripe.Of(order.OrderId).Refunded);

        var silent = await BuyAsync("pm_test_refund_500");
        await RefundAllAsync(silent);
        await World.UntilAsync(async () => (await RefundOfAsync(silent)).Text("status") == "succeeded");
        Assert.True(Stripe.RefundKeys(silent.OrderId).Count >= 2);
        Assert.Single(Stripe.RefundKeys(silent.OrderId).Distinct());
    }

    [Fact]
    public async Task After_a_day_a_refund_is_looked_up_before_it_is_sent_again()
    {
        var order = await BuyAsync("pm_card_visa");
        await RefundAllAsync(order);
        await World.UntilAsync(async () => (await RefundOfAsync(order)).Text("status") == "succeeded");
        // As if the service had stopped before it read the answer, and started again two days later. Stripe would send the same refund twice.
        Stripe.ForgetKeys();
        await World.Sql("""
            update tickets.refunds set status = 'pending', provider_reference = null, key_first_sent_at = clock_timestamp() - interval '2 days', next_attempt_at = clock_timestamp() where order_id = @OrderId
            """, new { order.OrderId });
        await World.UntilAsync(async () => (await RefundOfAsync(order)).Text("status") == "succeeded");
        Assert.Single(Stripe.RefundKeys(order.OrderId));
        Assert.Equal(5000, Stripe.Of(order.OrderId).Refunded);
    }

    [Fact]
    public async Task A_whole_refund_in_the_dashboard_takes_all_tickets_and_their_places_are_free()
    {
        var order = await BuyAsync("pm_card_visa");
        Stripe.RefundByHand(order.OrderId, 5000);
        // All of them at once, as Stripe sends them.
        await Task.WhenAll(new[] { "charge.refunded", "refund.created", "refund.updated", "charge.refunded" }.Select(type => TellAsync(order, type)));
        var now = await World.OrderAsync(order, Roles.VenueManager);
        Assert.Equal("refunded", now.Text("status"));
        Assert.All(now.Items("tickets"), t => Assert.Equal("refunded", t.Text("status")));
        var refund = now.Items("refunds").Single();
        Assert.Equal(("succeeded", 5000, false), (refund.Text("status"), refund.GetProperty("amount").Number("amount"), refund.GetProperty("needsPerson").GetBoolean()));
        Assert.Equal(1, await ToldAsync(order, "order.refunded"));
        Assert.Empty(Stripe.RefundKeys(order.OrderId));
        await BooksAreRightAsync(order);
    }

    [Fact]
    public async Task A_partial_refund_in_the_dashboard_kills_no_ticket_waits_for_a_person_and_is_not_paid_twice()
    {
        var order = await BuyAsync("pm_card_visa");
        Stripe.RefundByHand(order.OrderId, 1000);
        for (var n = 0; n < 2; n++) await TellAsync(order, "charge.refunded");
        var now = await World.OrderAsync(order, Roles.VenueManager);
        Assert.Equal("paid", now.Text("status"));
        var booked = now.Items("refunds").Single();
        Assert.Equal((1000, true), (booked.GetProperty("amount").Number("amount"), booked.GetProperty("needsPerson").GetBoolean()));
        Assert.Equal(1, await ToldAsync(order, "refund.booked"));
        await BooksAreRightAsync(order);

        // Then the holder gives everything back: 10.00 of it went back before.
        await RefundAllAsync(order);
        await World.UntilAsync(() => Task.FromResult(Stripe.Of(order.OrderId).Refunded == 5000));
        Assert.Equal("refunded", (await World.OrderAsync(order)).Text("status"));
        await BooksAreRightAsync(order);
    }

    [Fact]
    public async Task What_is_left_refunded_in_the_dashboard_takes_the_tickets_that_are_left()
    {
        var order = await BuyAsync("pm_card_visa");
        Stripe.RefundByHand(order.OrderId, 1000);
        await TellAsync(order, "refund.created");
        Stripe.RefundByHand(order.OrderId, 4000);
        await TellAsync(order, "refund.created");
        Assert.Equal("refunded", (await World.OrderAsync(order)).Text("status"));
        await BooksAreRightAsync(order);
    }

    [Fact]
    public async Task A_refund_that_stripe_would_not_take_here_is_covered_by_the_same_made_by_hand()
    {
        var order = await BuyAsync("pm_test_refund_broke");
        await (await World.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        await World.UntilAsync(async () => (await RefundOfAsync(order)).Text("status") == "failed");
        Stripe.RefundByHand(order.OrderId, 2500);
        await TellAsync(order, "refund.created");
        var now = await World.OrderAsync(order);
        Assert.Equal(("partially_refunded", "succeeded"), (now.Text("status"), now.Items("refunds").Single().Text("status")));
        Stripe.Fund(order.OrderId);
        await World.Sql("update tickets.refunds set next_attempt_at = clock_timestamp() where order_id = @OrderId", new { order.OrderId });
        await TellAsync(order, "refund.updated");
        Assert.Equal(2500, Stripe.Of(order.OrderId).Refunded);
        await BooksAreRightAsync(order);
    }

    [Fact]
    public async Task A_partial_refund_in_the_dashboard_that_fails_is_off_the_books_again()
    {
        var order = await BuyAsync("pm_card_visa");
        Stripe.RefundByHand(order.OrderId, 700, "pending");
        await TellAsync(order, "refund.created");
        Assert.Equal("pending", (await RefundOfAsync(order)).Text("status"));
        Stripe.FinishRefunds(order.OrderId, "failed");
        await TellAsync(order, "refund.failed");
        Assert.Empty((await World.OrderAsync(order)).Items("refunds"));
        Assert.Equal(1, await ToldAsync(order, "refund.failed"));
        await BooksAreRightAsync(order);
    }

    private async Task<Bought> BuyAsync(string card)
    {
        var sale = await World.PutOnSaleAsync(quantity: 4, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var buyer = Guid.CreateVersion7();
        var bought = await (await World.PayAsync(sale, "stripe", card, quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        return new Bought(bought.Id("orderId"), buyer, [.. bought.Items("tickets").Select(t => t.Id())]);
    }

    private async Task RefundAllAsync(Bought order) => await (await World.RefundAsync(order)).ReadAsync(HttpStatusCode.Created);

    private async Task<JsonElement> RefundOfAsync(Bought order, string role = Roles.Customer) => (await World.OrderAsync(order, role)).Items("refunds").Single();

    private Task<int> CheckedAsync(Bought order) => World.Ask<int>("select provider_checks from tickets.refunds where order_id = @OrderId", new { order.OrderId });

    private Task<int> ToldAsync(Bought order, string type) => World.Ask<int>("select count(*)::int from platform.outbox where type = @type and resource_id = @OrderId", new { type, order.OrderId });

    private async Task<HttpResponseMessage> RetryAsync(Bought order, Guid refundId, string role = Roles.VenueManager)
    {
        using var client = World.Tickets(role);
        return await client.PostAsJsonAsync($"/api/v1/orders/{order.OrderId}/refunds/{refundId}/retry", new { }, TestContext.Current.CancellationToken);
    }

    private async Task TellAsync(Bought order, string type)
    {
        using var client = World.Tickets();
        using var answer = await Stripe.TellOfRefundAsync(client, order.OrderId, type);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task BooksAreRightAsync(Bought order) =>
        await World.AssertBooksAreRightAsync(await World.Ask<Guid>("select event_id from tickets.orders where id = @OrderId", new { order.OrderId }));
}
