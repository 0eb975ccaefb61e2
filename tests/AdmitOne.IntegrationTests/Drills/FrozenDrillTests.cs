using System.Diagnostics;
using System.Globalization;
using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>
/// What holds the locks of a sale stops without a word: a replica, PostgreSQL's own process, the network between them. The other replica sells the same event again
/// within seconds, and nothing is lost.
/// </summary>
public sealed class FrozenDrillTests(Stack shared)
{
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*FrozenDrillTests'";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(3);

    // What a machine that is busy with other tests may add.
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    private static readonly (string, string)[] s_usual = [("DB_LOCK_TIMEOUT_MS", "2000"), ("DB_IDLE_IN_TRANSACTION_MS", "2000")];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What stops in mid-batch.</summary>
    public enum Frozen
    {
        /// <summary>The replica's process, by SIGSTOP.</summary>
        Replica,

        /// <summary>What the replica and PostgreSQL send each other on the connections that are open.</summary>
        Network,

        /// <summary>PostgreSQL's process for the replica's connection, by SIGSTOP.</summary>
        Backend,
    }

    [Theory]
    [InlineData(Frozen.Replica)]
    [InlineData(Frozen.Network)]
    [InlineData(Frozen.Backend)]
    public async Task What_stops_in_mid_batch_stops_no_other_sale(Frozen frozen)
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared, s_usual);
        await using var proxy = new SilentProxy(shared.Postgres.Host, shared.Postgres.Port);
        var replica = await world.StartReplicaAsync(("DB_HOST", "127.0.0.1"), ("DB_PORT", proxy.Port.ToString(CultureInfo.InvariantCulture)));
        var sale = await world.PutOnSaleAsync(100_000);
        var beside = await BesideAsync(world, sale);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        var stopped = 0;
        var isStopped = proxy.WhenInTransaction(async () =>
        {
            var backend = await world.Ask<int>(InMidBatch);
            if (backend == 0) return null;
            if (frozen == Frozen.Network) proxy.Swallow(newOnes: false);
            else Signal("-STOP", stopped = frozen == Frozen.Replica ? replica.Id : backend);
            return frozen != Frozen.Network;
        });
        buyers.Start(buyers: 4);
        try
        {
            await isStopped.WaitAsync(s_longest, Cancellation);
            var stoppedAt = DrillSale.Now;
            // PostgreSQL itself cannot free the locks of a process of its own that is stopped: every other event sells, those of the same lane, too.
            var others = frozen == Frozen.Backend ? beside : sale;
            var sold = await DrillChecks.SellsAgainAsync(world, others) - stoppedAt;
            Assert.InRange(sold, TimeSpan.Zero, s_limit + s_slack);
            if (frozen == Frozen.Backend) Assert.InRange(await DrillChecks.SellsAgainAsync(world, others, replica.Url) - stoppedAt, TimeSpan.Zero, s_limit + s_slack);
            var refused = frozen == Frozen.Backend ? await RefusedAfterAsync(world, sale) : (TimeSpan?)null;

            if (stopped != 0) Signal("-CONT", stopped);
            // New connections come through a silent network: the replica gives the silent ones up by itself.
            var continuedAt = frozen == Frozen.Network ? stoppedAt : DrillSale.Now;
            var goesOn = await buyers.FirstSinceAsync(continuedAt, s_longest) - continuedAt;
            await DrillChecks.EndAsync(world, sale, buyers);
            Report(frozen, sold, refused, goesOn, buyers.Bought.Count);
        }
        finally
        {
            if (stopped != 0) Signal("-CONT", stopped);
        }
    }

    /// <summary>An event that shares a lane with another one.</summary>
    private static async Task<Sale> BesideAsync(World world, Sale sale)
    {
        while (true)
        {
            var beside = await world.PutOnSaleAsync(100_000);
            if ((uint)beside.EventId.GetHashCode() % 4 == (uint)sale.EventId.GetHashCode() % 4) return beside;
        }
    }

    private static async Task<TimeSpan?> RefusedAfterAsync(World world, Sale sale)
    {
        var asked = DrillSale.Now;
        using var refused = await world.HoldAsync(sale);
        Assert.Equal("overloaded", await refused.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        return DrillSale.Now - asked;
    }

    private static void Report(Frozen frozen, TimeSpan sold, TimeSpan? refused, TimeSpan goesOn, int bought)
    {
        var (name, drill, until, on) = frozen switch
        {
            Frozen.Replica => ("frozen-replica", "A replica stopped (SIGSTOP) in mid-batch", "until the other replica sold the same event again", "from SIGCONT until the stopped replica sold"),
            Frozen.Network => ("silent-network", "A network that swallows what a replica and PostgreSQL send each other, in mid-batch", "until the other replica sold the same event again",
                "until the replica itself sold, over new connections"),
            _ => ("frozen-backend", "A process of PostgreSQL stopped (SIGSTOP) in mid-batch", "until another event of the same lane was sold", "from SIGCONT until the locked event was sold again"),
        };
        var facts = new List<DrillFact> { new(until, DrillChecks.Seconds(sold)) };
        if (refused is { } time) facts.Add(new("until a buyer of the locked event was answered 503 `overloaded`", DrillChecks.Seconds(time)));
        facts.AddRange([new(on, DrillChecks.Seconds(goesOn)), new("purchases that its buyers were answered, and of them missing", $"{bought}, 0")]);
        new DrillReport(drill, Command, facts, [], []).Write(name);
    }

    // It has the stock locked and waits for the second trip.
    private const string InMidBatch = """
        select coalesce((select a.pid from pg_stat_activity a where a.datname = current_database() and a.application_name = 'admitone-tickets' and a.state = 'idle in transaction'
                            and exists (select from pg_locks l where l.pid = a.pid and l.relation = 'tickets.stock'::regclass and l.mode = 'RowShareLock' and l.granted) limit 1), 0)
        """;

    private static void Signal(string signal, int pid)
    {
        using var kill = Process.Start("kill", [signal, pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
