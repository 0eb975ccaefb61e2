using System.Net;
using AdmitOne.IntegrationTests.Harness;
using Dapper;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>Calling off a card payment: what the card was charged for is tickets, and what was called off is never charged, whatever dies on the way.</summary>
public sealed class CallingOffStripeTests(StripeWorld fixture) : IClassFixture<StripeWorld>
{
    private World World => fixture.World;

    private StripeServer Stripe => fixture.Stripe;

    [Fact]
    public async Task The_bank_is_not_waited_for_and_the_intent_is_cancelled()
    {
        var (sale, buyer) = (await World.PutOnSaleAsync(quantity: 2), Guid.CreateVersion7());
        var order = await PendingAsync(sale, buyer, "pm_card_authenticationRequired");
        // On a busy machine the five seconds of the hold may be over before.
        Assert.Contains((await (await World.CallOffAsync(order, buyer)).ReadAsync()).Text("status"), (string[])["payment_failed", "expired"]);
        Assert.Equal((0, 0, 0, "canceled"), Stripe.Of(order));
        Assert.Equal(2, await World.AvailableAsync(sale));
        await (await World.PayAsync(sale, "stripe", "pm_card_visa", quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_stripe_is_processing_cannot_be_called_off()
    {
        var (sale, buyer) = (await World.PutOnSaleAsync(quantity: 2), Guid.CreateVersion7());
        var order = await PendingAsync(sale, buyer, "pm_card_processing");
        Assert.Equal("payment_in_progress", await (await World.CallOffAsync(order, buyer)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("processing", Stripe.Of(order).Status);
    }

    [Fact]
    public async Task Money_that_came_while_it_was_called_off_is_the_paid_order()
    {
        var (sale, buyer) = (await World.PutOnSaleAsync(quantity: 2), Guid.CreateVersion7());
        var purchase = World.PayAsync(sale, "stripe", "pm_test_confirm_waits", quantity: 2, buyer);
        var order = await OrderAsync(sale);
        Stripe.LetGo(order);
        await World.UntilAsync(() => Task.FromResult(Stripe.Of(order).Charges == 1));
        Assert.Equal("paid", (await (await World.CallOffAsync(order, buyer)).ReadAsync()).Text("status"));
        Assert.Equal(2, (await (await purchase).ReadAsync(HttpStatusCode.Created)).Items("tickets").Count);
        Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(order));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_replica_that_is_killed_after_the_provider_cancelled_leaves_an_order_that_ends_without_money()
    {
        var (sale, buyer) = (await World.PutOnSaleAsync(quantity: 2), Guid.CreateVersion7());
        var replica = await World.StartReplicaAsync();
        var order = await PendingAsync(sale, buyer, "pm_card_authenticationRequired");
        await using var connection = await World.ConnectAsync();
        await using var stock = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync("select 1 from tickets.section_stock where section_id = @SectionId for update", sale, stock);
        var cancel = World.CallOffAsync(order, buyer, replica.Url);
        await World.UntilAsync(() => Task.FromResult(Stripe.Of(order).Status == "canceled"));
        await replica.KillAsync();
        Assert.NotNull(await Record.ExceptionAsync(() => cancel));
        await stock.DisposeAsync();

        // The other replica asks the provider, or is asked again by the owner: either ends it.
        Assert.Contains((await (await World.CallOffAsync(order, buyer)).ReadAsync()).Text("status"), (string[])["payment_failed", "expired"]);
        Assert.Equal((0, 0, 0, "canceled"), Stripe.Of(order));
        await World.UntilAsync(async () => await World.AvailableAsync(sale) == 2);
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<Guid> PendingAsync(Sale sale, Guid buyer, string card) =>
        (await (await World.PayAsync(sale, "stripe", card, quantity: 2, buyer)).ReadAsync(HttpStatusCode.Accepted)).Id("orderId");

    private async Task<Guid> OrderAsync(Sale sale)
    {
        Guid order = default;
        await World.UntilAsync(async () => (order = await World.Ask<Guid>("select id from tickets.orders where event_id = @EventId", new { sale.EventId })) != default);
        return order;
    }
}
