using System.Net;
using AdmitOne.Cli.Backups;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;
using AdmitOne.Schema;

namespace AdmitOne.IntegrationTests.Commands;

/// <summary>`admitone backup` and `admitone restore`, as an operator runs them, while tickets are sold.</summary>
public sealed class BackupTests(World world, Stack stack) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backup_taken_in_mid_sale_comes_back_whole_in_a_fresh_database_and_its_books_are_right()
    {
        using var store = new TemporaryFolder();
        var sale = await world.PutOnSaleAsync(quantity: 200);
        await world.BuyCodesAsync(sale, 3);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var selling = SellAsync(sale, stop.Token);
        var backup = await RunAsync("backup", "--to", store.Path, "--metrics", Path.Combine(store.Path, "admitone.prom"));
        await stop.CancelAsync();
        await selling;
        Assert.Equal((0, ""), (backup.ExitCode, backup.Errors));
        var (set, takenAt) = Assert.Single(BackupSet.In(store.Path));
        Assert.Contains($"\nadmitone_backup_last_success_timestamp_seconds {takenAt.ToUnixTimeSeconds()}\n", await File.ReadAllTextAsync(Path.Combine(store.Path, "admitone.prom"), Cancellation), StringComparison.Ordinal);
        Assert.Contains("create role admitone_owner", await File.ReadAllTextAsync(set.RolesFile, Cancellation), StringComparison.Ordinal);

        var fresh = $"restored_{Guid.CreateVersion7():n}";
        try
        {
            var restore = await RunAsync("restore", set.Folder, "--database", fresh);
            Assert.True(restore.ExitCode == 0, restore.Output + restore.Errors);
            Assert.Contains("has as many rows as it had", restore.Output, StringComparison.Ordinal);
            Assert.Contains("as the migrations make it", restore.Output, StringComparison.Ordinal);
            Assert.Contains("of 3 tenants: no faults", restore.Output, StringComparison.Ordinal);

            var again = await RunAsync("restore", set.Folder, "--database", fresh);
            Assert.Equal(2, again.ExitCode);
            Assert.Contains("is not fresh", again.Errors, StringComparison.Ordinal);
        }
        finally
        {
            await stack.DropDatabaseAsync(fresh);
        }
    }

    [Fact]
    public async Task A_damaged_backup_is_not_restored_and_one_without_its_dump_is_none()
    {
        using var store = new TemporaryFolder();
        Assert.Equal(0, (await RunAsync("backup", "--to", store.Path)).ExitCode);
        var set = BackupSet.In(store.Path).Single().Set;
        await using (var dump = new FileStream(set.DumpFile, FileMode.Open))
        {
            dump.Seek(-10, SeekOrigin.End);
            var bit = dump.ReadByte() ^ 1;
            dump.Seek(-10, SeekOrigin.End);
            dump.WriteByte((byte)bit);
        }
        var run = await RunAsync("restore", set.Folder, "--database", "never_made");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("is damaged", run.Errors, StringComparison.Ordinal);
        File.Delete(set.DumpFile);
        Assert.Contains("is no whole backup", (await RunAsync("restore", set.Folder, "--database", "never_made")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_that_would_miss_rows_is_refused_and_leaves_nothing_behind()
    {
        using var store = new TemporaryFolder();
        await using var other = await world.AnotherAsync();
        await other.Sql("drop policy audit on tickets.orders");
        var run = await RunAsync(other, "backup", "--to", store.Path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("does not see all rows of tickets.orders", run.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(store.Path));
    }

    [Fact]
    public async Task Pruning_keeps_the_newest_of_each_of_seven_days_four_weeks_and_six_months()
    {
        using var store = new TemporaryFolder();
        var now = TimeProvider.System.GetUtcNow();
        foreach (var days in Enumerable.Range(1, 400)) Directory.CreateDirectory(Path.Combine(store.Path, $"admitone-{now.AddDays(-days):yyyyMMdd'T'HHmmss'Z'}"));
        var run = await RunAsync("backup", "--to", store.Path, "--prune");
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var kept = BackupSet.In(store.Path).Select(backup => backup.TakenAt).Order().ToList();
        Assert.InRange(kept.Count, 7 + 3, 7 + 4 + 6);   // a day may stand for its week and its month too
        Assert.Equal(7, kept.Count(time => time > now.AddDays(-6.5)));
        Assert.InRange(now - kept[0], TimeSpan.FromDays(120), TimeSpan.FromDays(190));
    }

    private async Task SellAsync(Sale sale, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var answer = await world.BuyAsync(sale);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => RunAsync(world, arguments);

    private Task<CommandRun> RunAsync(World of, params string[] arguments) => CommandRun.StartAsync(
        [
            ("DB_HOST", stack.Postgres.Host), ("DB_PORT", of.TicketsSettings["DB_PORT"]), ("DB_NAME", of.TicketsSettings["DB_NAME"]),
            ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit]), ("DB_ADMIN_USER", stack.Postgres.User), ("DB_ADMIN_PASSWORD", stack.Postgres.Password),
        ], arguments);
}
