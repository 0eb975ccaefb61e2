using System.Diagnostics;
using System.Net;
using AdmitOne.IntegrationTests.Harness;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>
/// A purchase is two transactions with a provider between them. A replica, a process of its own, is killed at each of the six points around
/// them, where a lock of ours, or a provider that does not answer, holds it up. Whatever was killed, the other replica ends it, and money and
/// tickets never part.
/// </summary>
public sealed class KillPointTests(StripeWorld fixture) : IClassFixture<StripeWorld>
{
    private World World => fixture.World;

    private StripeServer Stripe => fixture.Stripe;

    [Fact]
    public async Task Before_the_first_transaction_nothing_has_happened()
    {
        var (sale, replica) = await ReadyAsync();
        await using var stock = await LockAsync("select 1 from tickets.section_stock where section_id = @SectionId for update", sale);
        var purchase = BuyAsync(sale, replica, "pm_card_visa", out var buyer, out var key);
        await WaitingForLocksAsync();
        await replica.KillAsync();
        await stock.DisposeAsync();
        await GoneAsync(purchase);
        await World.UntilAsync(async () => await World.Ask<int>("select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 0);

        // The batch may have been read and never written: nothing is there, and the same key buys.
        Assert.Equal(0, await World.Ask<int>("select count(*)::int from tickets.orders where event_id = @EventId", new { sale.EventId }));
        await AgainAsync(sale, buyer, key, paid: true);
    }

    /// <param name="card">How the provider behaves: it never hears of the payment, hears of it and does not answer, or charges and is not heard.</param>
    /// <param name="reached">What the provider has when the replica is killed; null if nothing reaches it.</param>
    [Theory]
    [InlineData("pm_test_create_lost", null, "expired", null, 0)]
    [InlineData("pm_test_confirm_hangs", "requires_confirmation", "expired", "canceled", 0)]
    [InlineData("pm_test_confirm_deaf", "succeeded", "paid", "succeeded", 1)]
    public async Task Around_the_provider_somebody_is_charged_and_has_tickets_or_neither(string card, string? reached, string ends, string? atProvider, int charges)
    {
        var (sale, replica) = await ReadyAsync();
        var purchase = BuyAsync(sale, replica, card, out var buyer, out var key);
        var order = await OrderAsync(sale);
        if (reached is not null) await World.UntilAsync(() => Task.FromResult(Stripe.Of(order).Status == reached));
        await replica.KillAsync();
        await GoneAsync(purchase);

        await EndsAsync(order, ends);
        Assert.Equal(charges, Stripe.Of(order).Charges);
        if (atProvider is not null) Assert.Equal(atProvider, Stripe.Of(order).Status);
        await AgainAsync(sale, buyer, key, paid: ends == "paid");
    }

    [Fact]
    public async Task When_the_answer_was_read_and_the_second_transaction_had_not_begun_the_tickets_come()
    {
        var (sale, replica) = await ReadyAsync();
        var purchase = BuyAsync(sale, replica, "pm_test_confirm_waits", out var buyer, out var key);
        var order = await OrderAsync(sale);
        await using var stock = await LockAsync("select 1 from tickets.section_stock where section_id = @SectionId for update", sale);
        Stripe.LetGo(order);
        await World.UntilAsync(() => Task.FromResult(Stripe.Of(order).Charges == 1));
        await WaitingForLocksAsync();
        await replica.KillAsync();
        await stock.DisposeAsync();
        await GoneAsync(purchase);

        await EndsAsync(order, "paid");
        Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(order));
        await AgainAsync(sale, buyer, key, paid: true);
    }

    [Fact]
    public async Task In_the_middle_of_the_second_transaction_it_is_all_there_or_nothing_and_then_all()
    {
        var (sale, replica) = await ReadyAsync();
        var purchase = BuyAsync(sale, replica, "pm_test_confirm_waits", out var buyer, out var key);
        var order = await OrderAsync(sale);
        // The tickets are written before the order's key: there the transaction stops.
        await using var keys = await LockAsync("select 1 from platform.idempotency_keys where key = @key for update", new { key });
        Stripe.LetGo(order);
        await WaitingForLocksAsync();
        Assert.Equal(0, await World.Ask<int>("select count(*)::int from tickets.tickets where order_id = @order", new { order }));
        await replica.KillAsync();
        await World.Sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");   // as when the machine dies with it
        await keys.DisposeAsync();
        await GoneAsync(purchase);

        await EndsAsync(order, "paid");
        Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(order));
        await AgainAsync(sale, buyer, key, paid: true);
    }

    [Fact]
    public async Task After_the_second_transaction_the_answer_is_kept_for_whoever_asks_again()
    {
        var (sale, replica) = await ReadyAsync();
        var purchase = BuyAsync(sale, replica, "pm_test_confirm_waits", out var buyer, out var key);
        var order = await OrderAsync(sale);
        await using var keys = await LockAsync("select 1 from platform.idempotency_keys where key = @key for update", new { key });
        Stripe.LetGo(order);
        await WaitingForLocksAsync();
        // The server has the whole transaction, its commit too; the replica sleeps before it can hear of it.
        using (var stop = Process.Start("kill", ["-STOP", replica.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await stop.WaitForExitAsync(TestContext.Current.CancellationToken);
        await keys.DisposeAsync();
        await World.UntilAsync(async () => await World.Ask<string>("select status from tickets.orders where id = @order", new { order }) == "paid");
        await replica.KillAsync();
        await GoneAsync(purchase);

        Assert.Equal((5000, 0, 1, "succeeded"), Stripe.Of(order));
        await AgainAsync(sale, buyer, key, paid: true);
    }

    private async Task<(Sale, ReplicaProcess)> ReadyAsync()
    {
        var sale = await World.PutOnSaleAsync(quantity: 2);
        return (sale, await World.StartReplicaAsync());
    }

    private Task<HttpResponseMessage> BuyAsync(Sale sale, ReplicaProcess replica, string card, out Guid buyer, out string key)
    {
        (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        _card[key] = card;
        return World.PayAsync(sale, "stripe", card, quantity: 2, buyer, key, replica: replica.Url);
    }

    private readonly Dictionary<string, string> _card = [];

    private async Task<Guid> OrderAsync(Sale sale)
    {
        Guid order = default;
        await World.UntilAsync(async () => (order = await World.Ask<Guid>("select id from tickets.orders where event_id = @EventId", new { sale.EventId })) != default);
        return order;
    }

    // The other replica asks when the payment is due; that is made to be now.
    private async Task EndsAsync(Guid order, string status)
    {
        await World.UntilAsync(async () =>
        {
            await World.Sql("update tickets.payments set next_check_at = clock_timestamp() where order_id = @order and status = 'created'", new { order });
            return await World.Ask<string>("select status from tickets.orders where id = @order", new { order }) == status;
        });
    }

    /// <summary>The buyer, who never got an answer, asks again with the same key, at the replica that is left.</summary>
    private async Task AgainAsync(Sale sale, Guid buyer, string key, bool paid)
    {
        using var answer = await World.PayAsync(sale, "stripe", _card[key], quantity: 2, buyer, key);
        if (paid) Assert.Equal(2, (await answer.ReadAsync(HttpStatusCode.Created)).Items("tickets").Count);
        else Assert.Equal("payment_declined", await answer.RefusedAsync(HttpStatusCode.PaymentRequired));
        Assert.Equal(1, await World.Ask<int>("select count(*)::int from tickets.orders where event_id = @EventId", new { sale.EventId }));
        Assert.Equal(paid ? 0 : 2, await World.AvailableAsync(sale));
        await World.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<NpgsqlConnection> LockAsync(string sql, object parameters)
    {
        var connection = await World.ConnectAsync();
        await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(sql, parameters);
        return connection;
    }

    private Task WaitingForLocksAsync() =>
        World.UntilAsync(async () => await World.Ask<int>("select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0);

    private static async Task GoneAsync(Task<HttpResponseMessage> purchase) => Assert.NotNull(await Record.ExceptionAsync(() => purchase));
}
