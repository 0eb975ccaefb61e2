using System.Globalization;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>The network between a replica and its stores loses packets, is slow, or is cut: others sell as before, the replica sells again by itself, and nothing is lost.</summary>
/// <remarks>Packets are lost in a network namespace, by the kernel. Delay comes from a proxy: not every kernel has netem.</remarks>
[Trait("Category", "Long")]
public sealed class NetworkDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*NetworkDrillTests'";
    private const int LostPercent = 5;
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_cut = TimeSpan.FromSeconds(8);

    // Another replica sells as if nothing were: a machine that is busy with other tests may add as much.
    private static readonly TimeSpan s_others = TimeSpan.FromSeconds(7);

    /// <summary>What happens to the network.</summary>
    public enum Trouble { Loss, Delay, CutFromPostgres, CutFromRedis }

    [Theory]
    [InlineData(Trouble.Loss)]
    [InlineData(Trouble.Delay)]
    [InlineData(Trouble.CutFromPostgres)]
    [InlineData(Trouble.CutFromRedis)]
    public async Task A_bad_network_of_one_replica_stops_no_other_sale_and_loses_nothing(Trouble trouble)
    {
        shared.SkipIfMissing();
        await using var network = await NetworkNamespace.MakeAsync();
        await using var postgres = new TcpProxy(() => (shared.Postgres.Host, shared.Postgres.Port), network.Outside);
        await using var redis = new TcpProxy(() => (shared.Redis.Host, shared.Redis.Port), network.Outside);
        await using var world = await World.StartAsync(shared, ("DB_LOCK_TIMEOUT_MS", "2000"), ("DB_IDLE_IN_TRANSACTION_MS", "2000"));
        var replica = await world.StartReplicaAsync(new ReplicaStart { Before = network.Enter, Host = network.Inside.ToString() },
            ("BIND", network.Inside.ToString()), ("DB_HOST", network.Outside.ToString()), ("DB_PORT", Text(postgres.Port)), ("REDIS_HOST", network.Outside.ToString()), ("REDIS_PORT", Text(redis.Port)));
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        buyers.Start(buyers: 4);
        await World.UntilAsync(() => Task.FromResult(buyers.Bought.Count >= 10), s_longest);

        switch (trouble)
        {
            case Trouble.Loss: await network.LoseAsync(LostPercent, postgres.Port, redis.Port); break;
            case Trouble.Delay: (postgres.Delay, redis.Delay) = (s_delay, s_delay); break;
            case Trouble.CutFromPostgres: await network.LoseAsync(100, postgres.Port); break;
            default: await network.LoseAsync(100, redis.Port); break;
        }
        var badAt = DrillSale.Now;
        var others = await DrillChecks.SellsAgainAsync(world, sale) - badAt;
        Assert.InRange(others, TimeSpan.Zero, s_others);
        // A cut lasts; a replica that only loses packets, or has no Redis, sells meanwhile.
        if (trouble == Trouble.CutFromPostgres)
            await World.UntilAsync("the metrics say that PostgreSQL is away", async () => await DrillChecks.MetricAsync(world, replica.Url, "admitone_database_up") == 0 && DrillSale.Now - badAt > s_cut, s_longest);
        var meanwhile = trouble == Trouble.CutFromPostgres ? (TimeSpan?)null : await buyers.FirstSinceAsync(badAt, s_longest) - badAt;
        if (trouble == Trouble.CutFromRedis) await World.UntilAsync("the metrics say that Redis is away", async () => await DrillChecks.MetricAsync(world, replica.Url, "admitone_redis_up") == 0, s_longest);

        if (trouble == Trouble.Delay) (postgres.Delay, redis.Delay) = (TimeSpan.Zero, TimeSpan.Zero);
        else await network.RestoreAsync();
        var goodAt = DrillSale.Now;
        var goesOn = await buyers.FirstSinceAsync(goodAt, s_longest) - goodAt;
        Assert.All(buyers.PutOff.Keys, said => Assert.Matches("^503 (overloaded|dependency_unavailable)$|^202 |^409 request_in_progress$", said));
        await DrillChecks.EndAsync(world, sale, buyers);
        await DrillChecks.VerifyAsync(world, shared);
        Report(trouble, others, meanwhile, goesOn, buyers);
    }

    private static void Report(Trouble trouble, TimeSpan others, TimeSpan? meanwhile, TimeSpan goesOn, DrillSale buyers)
    {
        var (name, fault, alerts) = trouble switch
        {
            Trouble.Loss => ("network-loss", $"{LostPercent} % of the packets between a replica and its stores are lost", (string[])["TicketServiceHighLatency", "TicketServiceSlowDatabaseQueries"]),
            Trouble.Delay => ("network-delay", $"What a replica and its stores send each other takes {s_delay.TotalMilliseconds} ms longer, each way", ["TicketServiceSlowDatabaseQueries"]),
            Trouble.CutFromPostgres => ("network-cut-postgres", "A replica is cut off from PostgreSQL", ["TicketServiceDatabaseConnectionErrors"]),
            _ => ("network-cut-redis", "A replica is cut off from Redis", ["TicketServiceRedisConnectionDown"]),
        };
        var said = DrillChecks.Said(buyers);
        var facts = new List<DrillFact> { new("until another replica sold", DrillChecks.Seconds(others)) };
        if (meanwhile is { } time) facts.Add(new("until the replica itself sold, while it lasted", DrillChecks.Seconds(time)));
        facts.AddRange([new("from its end until the replica sold", DrillChecks.Seconds(goesOn)), new("what its buyers were answered meanwhile", said), new("purchases that its buyers were answered, and of them missing", $"{buyers.Bought.Count}, 0")]);
        new DrillReport(fault, Command, facts, [], [])
        {
            Outcomes = [new(fault, said, meanwhile is null ? $"{DrillChecks.Seconds(others)} elsewhere, {DrillChecks.Seconds(goesOn)} after its end on the replica" : $"{DrillChecks.Seconds(meanwhile.Value)} on the replica itself", alerts)],
        }.Write(name);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
