using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Local;
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

        // As docs/backup.md says: the log is received as it is written, and then a base backup is taken.
        var received = ServerTools.Start(ServerTools.Postgres("pg_receivewal"), ["--directory", archive, "--no-loop", "--synchronous"], Superuser(stack));
        try
        {
            await World.UntilAsync(() => Task.FromResult(Directory.EnumerateFiles(archive).Any()));
            await ServerTools.RunAsync(ServerTools.Postgres("pg_basebackup"), ["--pgdata", copy, "--wal-method=none", "--checkpoint=fast", "--no-sync"], Superuser(stack));
            var onSale = await world.PutOnSaleAsync(quantity: 100_000);
            await using var sale = new DrillSale(world, onSale);
            sale.Start(buyers: 4);
            await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= 100), TimeSpan.FromSeconds(120));
            var chosen = DrillSale.Now;
            var target = sale.Bought.Count + 50;
            await World.UntilAsync(() => Task.FromResult(sale.Bought.Count >= target && DrillSale.Now > chosen + TimeSpan.FromSeconds(2)), TimeSpan.FromSeconds(120));

            var lostAt = DrillSale.Now;
            await stack.LosePostgresAsync(async cluster =>
            {
                lostAt = DrillSale.Now;
                Directory.Delete(cluster, recursive: true);
                ServerTools.Kill(received);
                await RebuildAsync(copy, archive, cluster, chosen);
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
            var newest = await NewestAsync(copy, archive, store.Path, stack.Postgres with { Database = world.TicketsSettings["DB_NAME"]! });
            var answered = sale.Bought.Where(bought => bought.AnsweredAt < lostAt).ToList();
            var lost = answered.Where(bought => !newest.Contains(bought.OrderId)).ToList();
            var rpo = lost.Count == 0 ? TimeSpan.Zero : lostAt - lost.Min(bought => bought.AnsweredAt);
            new DrillReport("A database lost in mid-sale, brought back to a chosen second", "UPDATE_DOCS=1 ./test --long --filter-class '*RestoreDrillTests'",
                [
                    new("purchases answered before the chosen second", before.Count.ToString(CultureInfo.InvariantCulture)),
                    new("of them missing afterwards", "0"),
                    new("purchases answered between it and the loss, undone as chosen", after.Count.ToString(CultureInfo.InvariantCulture)),
                    new("RPO: answered purchases that the log's end does not have", $"{lost.Count} of {answered.Count}, {Seconds(rpo)} s"),
                    new("RTO: from the loss until PostgreSQL takes writes again", $"{Seconds(databaseAt - lostAt)} s"),
                    new("RTO: from the loss until a purchase is answered", $"{Seconds(goesOn - lostAt)} s"),
                    new("size of the base backup", $"{Size(copy) / 1_000_000} MB"),
                    new("admitone verify", "no faults"),
                ], [], []).Write("restore");
            Assert.True(rpo < TimeSpan.FromSeconds(2), $"{lost.Count} purchases, the oldest answered {rpo} before the loss");
        }
        finally
        {
            if (IsRunning(received)) ServerTools.Kill(received);
        }
    }

    /// <summary>Puts the base backup in the cluster's place, and says how far to replay the log.</summary>
    private static async Task RebuildAsync(string copy, string archive, string cluster, DateTimeOffset? until)
    {
        await ServerTools.RunAsync("cp", ["-a", copy, cluster]);
        var log = Path.Combine(cluster, "received");
        await ServerTools.RunAsync("cp", ["-a", archive, log]);
        // The segment that was being received when the server died is whole up to where it got.
        foreach (var partial in Directory.EnumerateFiles(log, "*.partial")) File.Move(partial, partial[..^".partial".Length]);
        var target = until is { } second ? $"recovery_target_time = '{second:yyyy-MM-dd HH:mm:ss.ffffff}+00'\n" : "";
        await File.AppendAllTextAsync(Path.Combine(cluster, "postgresql.auto.conf"),
            $"restore_command = 'cp received/%f \"%p\"'\n{target}recovery_target_action = 'promote'\nhot_standby = off\n", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(cluster, "recovery.signal"), "", Cancellation);
        await ServerTools.GiveLikeParentAsync(cluster);
    }

    private static async Task<IReadOnlySet<Guid>> NewestAsync(string copy, string archive, string folder, PostgresAddress lost)
    {
        using var data = DataFolder.Open(Path.Combine(folder, "newest"));
        var cluster = Path.Combine(data.ServerFolder("postgres"), "cluster");
        await RebuildAsync(copy, archive, cluster, until: null);
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
