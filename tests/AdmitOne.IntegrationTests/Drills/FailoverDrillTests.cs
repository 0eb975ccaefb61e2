using System.Globalization;
using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>
/// The primary PostgreSQL is killed in mid-sale, and then the primary Redis. The services find the ones that took over by themselves; no purchase that
/// was answered is lost.
/// </summary>
[Trait("Category", "Long")]
public sealed class FailoverDrillTests(Stack shared)
{
    [Fact]
    public async Task The_death_of_both_primaries_in_mid_sale_loses_no_answered_purchase()
    {
        shared.SkipIfMissing();
        if (!ServerTools.IsInstalled("redis-cli")) Assert.Skip("redis-cli is missing (Debian: sudo apt-get install redis-tools)");
        await using var stack = new Stack();   // its servers die: nobody else may be using them
        await stack.InitializeAsync();
        await using var pair = new FailoverPair(stack);
        await pair.StartAsync();
        await using var world = await World.StartAsync(stack,
            ("DB_HOST", $"{stack.Postgres.Host}:{stack.Postgres.Port},{pair.Standby.Host}:{pair.Standby.Port}"), ("REDIS_SENTINELS", pair.Sentinels), ("REDIS_PORT", "1"),
            ("RESERVATION_TTL_SECONDS", "10"), ("RESERVATION_SWEEP_SECONDS", "1"), ("PAYMENT_WINDOW_SECONDS", "8"));
        var database = world.TicketsSettings["DB_NAME"]!;
        var onSale = await world.PutOnSaleAsync(quantity: 100_000);
        await using var sale = new DrillSale(world, onSale);
        sale.Start(buyers: 8);
        await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= 300), TimeSpan.FromSeconds(120));

        Assert.Equal("sync", await pair.SyncStateAsync());
        var killedAt = DrillSale.Now;
        stack.KillPostgres();
        var promotedAt = await pair.PromoteWhenPrimaryIsGoneAsync();
        var goesOn = await sale.FirstSinceAsync(killedAt, TimeSpan.FromSeconds(60));
        var until = sale.Bought.Count + 50;
        await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= until), TimeSpan.FromSeconds(60));

        var redisKilledAt = DrillSale.Now;
        stack.KillRedis();
        var soldWithoutRedis = await sale.FirstSinceAsync(redisKilledAt, TimeSpan.FromSeconds(60));
        // A signed call writes its nonce, and is refused while that cannot be done.
        await World.UntilAsync(async () => { using var call = await world.CallSignedAsync(world.EventsUrl, onSale.EventId); return call.StatusCode == HttpStatusCode.OK; }, TimeSpan.FromSeconds(60));
        var redisBack = DrillSale.Now;
        var more = sale.Bought.Count + 50;
        await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= more), TimeSpan.FromSeconds(60));
        await sale.DisposeAsync();

        await World.UntilAsync(async () => await pair.AskStandbyAsync<long>(database,
            "select (select count(*) from tickets.orders where status = 'payment_pending') + (select count(*) from platform.idempotency_keys where status = 'running')") == 0, TimeSpan.FromSeconds(60));
        var there = await pair.OrdersAsync(database);
        var answered = sale.Bought.ToList();
        Assert.DoesNotContain(answered, bought => !there.Contains(bought.OrderId));
        Assert.Empty(sale.Refusals);
        var verified = await CommandRun.StartAsync(
            [("DB_HOST", pair.Standby.Host), ("DB_PORT", $"{pair.Standby.Port}"), ("DB_NAME", database), ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit])], "verify");
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Errors);

        new DrillReport("The primary PostgreSQL killed in mid-sale, then the primary Redis", "UPDATE_DOCS=1 ./test --long --filter-class '*FailoverDrillTests'",
            [
                new("the standby, as the primary said before it died", "sync"),
                new("purchases answered before the kill", answered.Count(bought => bought.AnsweredAt < killedAt).ToString(CultureInfo.InvariantCulture)),
                new("purchases answered in all", answered.Count.ToString(CultureInfo.InvariantCulture)),
                new("of them missing on the new primary", "0"),
                new("from the kill until the standby had taken over (noticed after three silent calls)", $"{Seconds(promotedAt - killedAt)} s"),
                new("from the kill until a purchase was answered", $"{Seconds(goesOn - killedAt)} s"),
                new("from the kill of Redis until a purchase was answered", $"{Seconds(soldWithoutRedis - redisKilledAt)} s"),
                new("from the kill of Redis until a service wrote to its replica", $"{Seconds(redisBack - redisKilledAt)} s"),
                new("admitone verify", "no faults"),
            ], [], []).Write("failover");
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
}
