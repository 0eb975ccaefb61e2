using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>
/// The database is lost in mid-sale, files and all. It comes back from a base backup and the write-ahead log to a chosen second: everything that was
/// answered before is there, nothing from after, the books are right, and the sale goes on by itself.
/// </summary>
[Trait("Category", "Long")]
public sealed class RestoreDrillTests(Stack shared)
{
    private static readonly IReadOnlyList<RunnableBlock> s_steps = RunnableBlock.Steps("docs/backup.md");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_that_is_lost_in_mid_sale_comes_back_to_a_chosen_second()
    {
        shared.SkipIfMissing();
        await using var stack = new Stack();   // its files will be gone: nobody else may be using them
        await stack.InitializeAsync();
        await using var world = await World.StartAsync(stack, ("RESERVATION_TTL_SECONDS", "10"), ("RESERVATION_SWEEP_SECONDS", "1"), ("PAYMENT_WINDOW_SECONDS", "8"));
        using var store = new TemporaryFolder();
        var (archive, copy) = (Path.Combine(store.Path, "wal"), Path.Combine(store.Path, "base"));
        Directory.CreateDirectory(archive);

        // The steps of the page, as they stand there: make the slot, receive the log, take a base backup; and much later, come back.
        Assert.Equal(4, s_steps.Count);
        (string, string)[] where = [.. Superuser(stack), ("BACKUP", store.Path)];
        await ServerTools.RunAsync(s_steps[0], where);
        var received = ServerTools.Start(s_steps[1], where);
        try
        {
            await World.UntilAsync(() => Task.FromResult(Directory.EnumerateFiles(archive).Any()));
            await ServerTools.RunAsync(s_steps[2], where);
            var onSale = await world.PutOnSaleAsync(quantity: 100_000);
            await using var sale = new DrillSale(world, onSale);
            sale.Start(buyers: 8);
            await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= 300), TimeSpan.FromSeconds(120));
            var chosen = DrillSale.Now;
            var target = sale.Bought.Count + 50;
            await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= target && DrillSale.Now > chosen + TimeSpan.FromSeconds(2)), TimeSpan.FromSeconds(120));

            DateTimeOffset lostAt = default, laidAt = default;
            await stack.LosePostgresAsync(async cluster =>
            {
                lostAt = DrillSale.Now;
                Directory.Delete(cluster, recursive: true);
                ServerTools.Kill(received);
                await RebuildAsync(store.Path, cluster, chosen);
                laidAt = DrillSale.Now;
            });
            world.ForgetConnections();
            var databaseAt = DrillSale.Now;
            var goesOn = await sale.FirstSinceAsync(lostAt, TimeSpan.FromSeconds(120));
            await sale.DisposeAsync();

            await UntilSettledAsync(world);
            var there = (await OrdersAsync(stack.Postgres.ConnectionString(world.TicketsSettings["DB_NAME"]!))).ToHashSet();
            var before = sale.Bought.Where(bought => bought.AnsweredAt <= chosen).ToList();
            var after = sale.Bought.Where(bought => bought.AskedAt > chosen && bought.AnsweredAt < lostAt).ToList();
            Assert.DoesNotContain(before, bought => !there.Contains(bought.OrderId));
            Assert.DoesNotContain(after, bought => there.Contains(bought.OrderId));
            Assert.Empty(sale.Refusals);
            await AssertVerifiedAsync(stack, world);

            // The same copy and log, up to their end: what would have been lost, had nobody chosen an earlier second?
            var newest = await NewestAsync(store.Path, stack.Postgres with { Database = world.TicketsSettings["DB_NAME"]! });
            var answered = sale.Bought.Where(bought => bought.AnsweredAt < lostAt).ToList();
            var lost = answered.Where(bought => !newest.Contains(bought.OrderId)).ToList();
            var rpo = lost.Count == 0 ? TimeSpan.Zero : lostAt - lost.Min(bought => bought.AnsweredAt);
            Assert.True(rpo < TimeSpan.FromSeconds(2), $"{lost.Count} purchases, the oldest answered {rpo} before the loss");
            new DrillReport("A database lost in mid-sale, brought back to a chosen second", "UPDATE_DOCS=1 ./test --long --filter-class '*RestoreDrillTests'",
                [
                    new("purchases answered before the chosen second", before.Count.ToString(CultureInfo.InvariantCulture)),
                    new("of them missing afterwards", "0"),
                    new("purchases answered between it and the loss, undone as chosen", after.Count.ToString(CultureInfo.InvariantCulture)),
                    new("RPO: answered purchases that the log's end does not have", $"{lost.Count} of {answered.Count}, {Seconds(rpo)} s"),
                    new("from the loss until base backup and log lay in its place", $"{Seconds(laidAt - lostAt)} s"),
                    new("size of the base backup, and of the log after it", $"{Size(copy) / 1_000_000} MB, {Size(archive) / 1_000_000} MB"),
                    new("RTO: from the loss until PostgreSQL takes writes again", $"{Seconds(databaseAt - lostAt)} s"),
                    new("RTO: from the loss until a purchase is answered", $"{Seconds(goesOn - lostAt)} s"),
                    new("admitone verify", "no faults"),
                ], [], []).Write("restore");
        }
        finally
        {
            if (IsRunning(received)) ServerTools.Kill(received);
        }
    }

    /// <param name="until">As far as the log is replayed; null is to its end.</param>
    private static Task RebuildAsync(string backup, string cluster, DateTimeOffset? until) =>
        ServerTools.RunAsync(s_steps[3], ("BACKUP", backup), ("PGDATA", cluster), ("SECOND", until is { } second ? $"{second:yyyy-MM-dd HH:mm:ss.ffffff}+00" : ""));

    private static async Task<IReadOnlySet<Guid>> NewestAsync(string backup, PostgresAddress lost)
    {
        using var data = DataFolder.Open(Path.Combine(backup, "newest"));
        var cluster = Path.Combine(data.ServerFolder("postgres"), "cluster");
        await RebuildAsync(backup, cluster, until: null);
        // A copy of the other cluster, with its superuser's password.
        await using var postgres = await PrivatePostgres.StartAsync(data, lost.Password, null, Cancellation);
        return (await OrdersAsync(postgres.ConnectionString(lost.Database))).ToHashSet();
    }

    private static async Task<IEnumerable<Guid>> OrdersAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return await connection.QueryAsync<Guid>("select id from tickets.orders where status = 'paid'");
    }

    internal static Task UntilSettledAsync(World world) => World.UntilAsync(async () => await world.Ask<int>("""
        select ((select count(*) from tickets.orders where status = 'payment_pending') + (select count(*) from tickets.reservations where status = 'held')
              + (select count(*) from platform.idempotency_keys where status = 'running'))::int
        """) == 0, TimeSpan.FromSeconds(90));

    private static async Task AssertVerifiedAsync(Stack stack, World world)
    {
        var run = await CommandRun.StartAsync(
        [
            ("DB_HOST", stack.Postgres.Host), ("DB_PORT", $"{stack.Postgres.Port}"), ("DB_NAME", world.TicketsSettings["DB_NAME"]), ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit]),
        ], "verify");
        Assert.True(run.ExitCode == 0, run.Output + run.Errors);
    }

    private static (string, string)[] Superuser(Stack stack) =>
        [("PGHOST", stack.Postgres.Host), ("PGPORT", $"{stack.Postgres.Port}"), ("PGUSER", stack.Postgres.User), ("PGPASSWORD", stack.Postgres.Password)];

    private static bool IsRunning(Process process)
    {
        try
        {
            return !process.HasExited;
        }
        catch (InvalidOperationException)
        {
            return false;   // disposed of: it was killed when it should be
        }
    }

    private static long Size(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
}
