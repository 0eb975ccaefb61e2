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

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly (string, string)[] s_usual = [("DB_LOCK_TIMEOUT_MS", "2000"), ("DB_IDLE_IN_TRANSACTION_MS", "2000")];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_that_is_stopped_in_mid_batch_stops_nobody_else()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared, s_usual);
        await using var proxy = new SilentProxy(shared.Postgres.Host, shared.Postgres.Port);
        var replica = await StartReplicaAsync(world, proxy);
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        var stopped = proxy.WhenInTransaction(async () =>
        {
            if (await world.Ask<int>(InMidBatch) == 0) return null;
            Signal("-STOP", replica.Id);
            return true;
        });
        buyers.Start(buyers: 4);
        await stopped.WaitAsync(s_patience, Cancellation);
        var stoppedAt = DrillSale.Now;

        var sold = await SellsAgainAsync(world, sale);
        Assert.InRange(sold - stoppedAt, TimeSpan.Zero, s_limit + s_slack);
        Signal("-CONT", replica.Id);
        var goesOn = await buyers.FirstSinceAsync(DrillSale.Now, TimeSpan.FromSeconds(60));
        await EndAsync(world, sale, buyers);

        new DrillReport("A replica stopped (SIGSTOP) in mid-batch", Command,
            [
                new("until the other replica sold the same event again", Seconds(sold - stoppedAt)),
                new("from SIGCONT until the stopped replica sold", Seconds(goesOn - sold)),
                new("purchases that its buyers were answered, and of them missing", $"{buyers.Bought.Count}, 0"),
            ], [], []).Write("frozen-replica");
    }

    [Fact]
    public async Task A_network_that_swallows_packets_stops_nobody_else()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared, s_usual);
        await using var proxy = new SilentProxy(shared.Postgres.Host, shared.Postgres.Port);
        var replica = await StartReplicaAsync(world, proxy);
        var sale = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        var silent = proxy.WhenInTransaction(async () =>
        {
            if (await world.Ask<int>(InMidBatch) == 0) return null;
            proxy.Swallow(newOnes: false);
            return false;
        });
        buyers.Start(buyers: 4);
        await silent.WaitAsync(s_patience, Cancellation);
        var silentAt = DrillSale.Now;

        var sold = await SellsAgainAsync(world, sale);
        Assert.InRange(sold - silentAt, TimeSpan.Zero, s_limit + s_slack);
        // New connections come through: the replica gives the silent ones up by itself.
        var goesOn = await buyers.FirstSinceAsync(silentAt, TimeSpan.FromSeconds(60));
        await EndAsync(world, sale, buyers);

        new DrillReport("A network that swallows what a replica and PostgreSQL send each other, in mid-batch", Command,
            [
                new("until the other replica sold the same event again", Seconds(sold - silentAt)),
                new("until the replica itself sold, over new connections", Seconds(goesOn - silentAt)),
                new("purchases that its buyers were answered, and of them missing", $"{buyers.Bought.Count}, 0"),
            ], [], []).Write("silent-network");
    }

    [Fact]
    public async Task A_process_of_postgresql_that_is_stopped_in_mid_batch_stops_no_other_event()
    {
        shared.SkipIfMissing();
        await using var world = await World.StartAsync(shared, s_usual);
        await using var proxy = new SilentProxy(shared.Postgres.Host, shared.Postgres.Port);
        var replica = await StartReplicaAsync(world, proxy);
        var sale = await world.PutOnSaleAsync(100_000);
        var beside = await world.PutOnSaleAsync(100_000);
        while ((uint)beside.EventId.GetHashCode() % 4 != (uint)sale.EventId.GetHashCode() % 4) beside = await world.PutOnSaleAsync(100_000);
        await using var buyers = new DrillSale(world, sale, replica.Url);
        var backend = 0;
        var stopped = proxy.WhenInTransaction(async () =>
        {
            backend = await world.Ask<int>(InMidBatch);
            if (backend == 0) return null;
            Signal("-STOP", backend);
            return true;
        });
        buyers.Start(buyers: 4);
        await stopped.WaitAsync(s_patience, Cancellation);
        var stoppedAt = DrillSale.Now;
        try
        {
            // Its locks are held for as long as it is stopped, and its event is told so; every other event sells, those of the same lane, too.
            var (here, there) = (await SellsAgainAsync(world, beside), await SellsAgainAsync(world, beside, replica.Url));
            Assert.InRange(here - stoppedAt, TimeSpan.Zero, s_limit + s_slack);
            Assert.InRange(there - stoppedAt, TimeSpan.Zero, s_limit + s_slack);
            var asked = DrillSale.Now;
            using var refused = await world.HoldAsync(sale);
            Assert.Equal("overloaded", await refused.RefusedAsync(HttpStatusCode.ServiceUnavailable));
            var refusedAt = DrillSale.Now;
            Signal("-CONT", backend);
            var continuedAt = DrillSale.Now;
            var sold = await SellsAgainAsync(world, sale);
            await EndAsync(world, sale, buyers);

            new DrillReport("A process of PostgreSQL stopped (SIGSTOP) in mid-batch", Command,
                [
                    new("until another event of the same lane was sold, by the other replica and by the same", $"{Seconds(here - stoppedAt)}, {Seconds(there - stoppedAt)}"),
                    new("until a buyer of the locked event was answered 503 `overloaded`", Seconds(refusedAt - asked)),
                    new("from SIGCONT until the locked event was sold again", Seconds(sold - continuedAt)),
                    new("purchases that were answered, and of them missing", $"{buyers.Bought.Count}, 0"),
                ], [], []).Write("frozen-backend");
        }
        finally
        {
            Signal("-CONT", backend);
        }
    }

    private static Task<ReplicaProcess> StartReplicaAsync(World world, SilentProxy proxy) =>
        world.StartReplicaAsync(("DB_HOST", "127.0.0.1"), ("DB_PORT", proxy.Port.ToString(CultureInfo.InvariantCulture)));

    // It has the stock locked and waits for the second trip.
    private const string InMidBatch = """
        select coalesce((select a.pid from pg_stat_activity a where a.datname = current_database() and a.application_name = 'admitone-tickets' and a.state = 'idle in transaction'
                            and exists (select from pg_locks l where l.pid = a.pid and l.relation = 'tickets.stock'::regclass and l.mode = 'RowShareLock' and l.granted) limit 1), 0)
        """;

    // As a buyer does: again and again until there is a place.
    private static async Task<DateTimeOffset> SellsAgainAsync(World world, Sale sale, Uri? replica = null)
    {
        await World.UntilAsync(async () =>
        {
            using var bought = await world.BuyAsync(sale, replica: replica);
            return bought.StatusCode == HttpStatusCode.Created;
        }, TimeSpan.FromSeconds(60));
        return DrillSale.Now;
    }

    private static async Task EndAsync(World world, Sale sale, DrillSale buyers)
    {
        await buyers.DisposeAsync();
        await World.UntilAsync(async () => await world.Ask<int>("select count(*)::int from tickets.orders where status = 'payment_pending'") == 0, TimeSpan.FromSeconds(90));
        var orders = buyers.Bought.Select(bought => bought.OrderId).ToArray();
        Assert.NotEmpty(orders);
        Assert.Equal(orders.Length, await world.Ask<int>("select count(*)::int from tickets.orders where id = any (@orders) and status = 'paid'", new { orders }));
        Assert.Empty(buyers.Refusals);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private static void Signal(string signal, int pid)
    {
        using var kill = Process.Start("kill", [signal, pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)} s";
}
