using AdmitOne.Schema;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>A run that is cut off in the middle of an index build, which a held snapshot keeps from ending.</summary>
public sealed class InterruptedMigrationTests
{
    private const string Building = "select exists (select from pg_index where not indisvalid)";

    private const string Builder = "select pid from pg_stat_activity where datname = current_database() and application_name = 'admitone-migrate' and query ilike '%concurrently%'";

    [Fact]
    public async Task A_backend_killed_in_an_index_build_leaves_an_invalid_index_which_the_next_run_replaces()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(2, Cancellation);
        await using (await database.HoldSnapshotAsync())
        {
            var run = database.Migrator().UpAsync(null, Cancellation);
            await database.UntilAsync(Building);
            await database.DoAsync($"select pg_terminate_backend(({Builder}))");
            var stopped = await Assert.ThrowsAsync<MigrationFailedException>(() => run);
            Assert.Contains("003_indexes.up.sql stopped at `create index concurrently if not exists ix_orders_buyer", stopped.Message, StringComparison.Ordinal);
        }
        Assert.True(await database.AskAsync<bool>(Building));
        await FinishesAsync(database);
    }

    [Fact]
    public async Task A_cancelled_run_goes_on_the_next_time()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(2, Cancellation);
        await using (await database.HoldSnapshotAsync())
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var run = database.Migrator().UpAsync(null, stop.Token);
            await database.UntilAsync(Building);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        }
        await FinishesAsync(database);
    }

    [Fact]
    public async Task A_second_run_waits_for_the_first_ones_index_without_holding_it_up()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(2, Cancellation);
        var waiting = new TaskCompletionSource();
        Task first, second;
        await using (await database.HoldSnapshotAsync())
        {
            first = database.Migrator().UpAsync(null, Cancellation);
            await database.UntilAsync(Building);
            second = database.Migrator(report: _ => waiting.TrySetResult()).UpAsync(null, Cancellation);
            await waiting.Task.WaitAsync(Cancellation);
        }
        await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        Assert.Equal(3, await database.Migrator().CurrentAsync(Cancellation));
    }

    [Fact]
    public async Task A_unique_index_that_met_duplicates_is_built_once_they_are_gone()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(2, Cancellation);
        await database.DoAsync("""
            insert into shop.orders (tenant_id, id) select t::uuid, '00000000-0000-0000-0000-00000000000b'
              from unnest(array['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002']) as t
            """);

        var stopped = await Assert.ThrowsAsync<MigrationFailedException>(() => database.Migrator().UpAsync(null, Cancellation));

        Assert.Contains("ix_orders_id", stopped.Message, StringComparison.Ordinal);
        Assert.Equal(2, await database.Migrator().CurrentAsync(Cancellation));
        await database.DoAsync("delete from shop.orders where tenant_id = '00000000-0000-0000-0000-000000000002'");
        await FinishesAsync(database);
    }

    private static async Task FinishesAsync(EmptyDatabase database)
    {
        await database.Migrator().UpAsync(null, Cancellation);
        Assert.Equal(3, await database.Migrator().CurrentAsync(Cancellation));
        Assert.Equal(2, await database.AskAsync<int>("select count(*) from pg_index where indisvalid and indexrelid::regclass::text like 'shop.ix_orders_%'"));
        Assert.False(await database.AskAsync<bool>(Building));
    }
}
