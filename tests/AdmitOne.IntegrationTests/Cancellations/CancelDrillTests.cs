using System.Diagnostics;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Cancellations;

/// <summary>The drill of docs/lifecycle.md. It takes minutes: <c>./test --long --filter-class '*CancelDrillTests'</c>.</summary>
[Trait("Category", "Long")]
public sealed class CancelDrillTests(World world) : IClassFixture<World>
{
    private const int Orders = 5000;
    private const int Kills = 3;

    [Fact]
    public async Task Five_thousand_orders_go_back_once_though_the_process_is_killed_at_random_three_times()
    {
        await world.StopTicketWorkersAsync("CancellationWorker", "RefundWorker");
        var sale = await world.PutOnSaleAsync(quantity: Orders * 2, new SaleOptions { PriceMinor = 3333 });
        var clock = Stopwatch.StartNew();
        var bought = await World.AllAsync(Enumerable.Range(0, Orders), 32, n => world.BoughtAsync(sale, 1 + n % 2, token: n % 500 == 0 ? "tok_refund_fails_2" : "tok_ok"));
        var codes = await World.AllAsync(bought.SelectMany(b => b.Tickets.Select(ticket => (ticket, b.Buyer))), 32, one => world.CodeAsync(one.ticket, one.Buyer));
        var soldIn = clock.Elapsed;
        var total = await world.Ask<long>("select sum(total_minor)::bigint from tickets.orders where event_id = @EventId", sale);

        var replica = await world.StartReplicaAsync();
        clock.Restart();
        await world.MoveAsync(sale.EventId, "cancelled");
        var survived = new List<string>();
        for (var kill = 1; kill <= Kills; kill++)
        {
            await Task.Delay(Random.Shared.Next(300, 2000), TestContext.Current.CancellationToken);
            await replica.KillAsync();
            var at = await world.CancellationAsync(sale.EventId);
            survived.Add($"kill {kill} after {clock.Elapsed.TotalSeconds:0.0} s: {at.Refunded} refunded, {at.Failed} failed, {at.Remaining} remaining");
            replica = await world.StartReplicaAsync();
        }
        while (!(await world.CancellationAsync(sale.EventId)).IsDone)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(10), "It did not finish.");
            await Task.Delay(500, TestContext.Current.CancellationToken);
        }
        var doneIn = clock.Elapsed;

        await world.AssertAllWentBackOnceAsync(sale.EventId);
        var back = await world.Ask<long>("select sum(amount_minor)::bigint from tickets.refunds r join tickets.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id where o.event_id = @EventId and r.status = 'succeeded'", sale);
        Assert.Equal(total, back);
        Assert.Equal(Orders, await world.Ask<int>("select count(*) from tickets.refunds"));
        var reasons = await World.AllAsync(codes, 32, async code => (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        Assert.All(reasons, reason => Assert.Equal("cancelled", reason));

        var figures = $"""
            {Orders} orders, {codes.Count} tickets, sold and shown in {soldIn.TotalSeconds:0} s
            {string.Join(Environment.NewLine, survived)}
            all refunded {doneIn.TotalSeconds:0} s after the cancel: {back} of {total} minor units, {Orders} refunds, {reasons.Count} tickets refused as cancelled, books right
            """;
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        TestContext.Current.SendDiagnosticMessage("{0}", figures);
    }
}
