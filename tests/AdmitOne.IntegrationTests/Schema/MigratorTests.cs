using AdmitOne.Schema;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

public sealed class MigratorTests
{
    private const string OneOrder = """
        insert into shop.buyers values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a');
        insert into shop.orders values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-00000000000a');
        """;

    private const string Orphan = "insert into shop.orders values ('00000000-0000-0000-0000-000000000001', '0000dead-0000-0000-0000-000000000000', '00000000-0000-0000-0000-0000000000ff');";

    private const string State = """
        select (select count(*) from pg_constraint where conname = 'orders_buyer_fkey' and convalidated)
             + 10 * (select count(*) from pg_indexes where schemaname = 'shop' and indexname like 'ix_%')
        """;

    [Fact]
    public async Task An_empty_database_is_at_version_0_and_everything_is_pending()
    {
        await using var database = await MakeAsync();
        Assert.Equal(0, await database.Migrator().CurrentAsync(Cancellation));
        Assert.Equal([(1, "tables", null), (2, "keys", null), (3, "indexes", null)],
            (await database.Migrator().StatusAsync(Cancellation)).Select(state => (state.Number, state.Name, state.AppliedAt)));
    }

    [Fact]
    public async Task Up_then_down_to_each_version_then_up_again_keeps_the_rows_and_leaves_no_trace_of_what_was_undone()
    {
        await using var database = await MakeAsync();
        var migrator = database.Migrator();
        await migrator.UpAsync(1, Cancellation);
        await database.DoAsync(OneOrder);
        await migrator.UpAsync(null, Cancellation);
        Assert.Equal(3, await migrator.CurrentAsync(Cancellation));
        Assert.Equal(21, await database.AskAsync<int>(State));

        await migrator.DownAsync(2, Cancellation);
        Assert.Equal((2, 1), (await migrator.CurrentAsync(Cancellation), await database.AskAsync<int>(State)));
        await migrator.DownAsync(1, Cancellation);
        Assert.Equal((1, 0), (await migrator.CurrentAsync(Cancellation), await database.AskAsync<int>(State)));
        Assert.Equal(1, await database.AskAsync<int>("select count(*) from shop.orders where buyer_id is not null"));

        await migrator.UpAsync(null, Cancellation);
        Assert.Equal((3, 21), (await migrator.CurrentAsync(Cancellation), await database.AskAsync<int>(State)));
        Assert.Equal(1, await database.AskAsync<int>("select count(*) from shop.orders where buyer_id is not null"));

        await migrator.DownAsync(0, Cancellation);
        Assert.Equal(0, await migrator.CurrentAsync(Cancellation));
        Assert.False(await database.AskAsync<bool>("select exists (select from pg_namespace where nspname = 'shop')"));
    }

    [Fact]
    public async Task Everything_made_belongs_to_the_owner_whoever_connects()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(null, Cancellation);
        Assert.Equal("admitone_owner", await database.AskAsync<string>(
            "select string_agg(distinct pg_get_userbyid(relowner), ',') from pg_class c join pg_namespace n on n.oid = relnamespace where nspname in ('shop', 'platform')"));
    }

    [Fact]
    public async Task Up_to_a_version_below_the_present_one_changes_nothing()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(null, Cancellation);
        await database.Migrator().UpAsync(1, Cancellation);
        Assert.Equal(3, await database.Migrator().CurrentAsync(Cancellation));
    }

    [Fact]
    public async Task Eight_runs_at_once_all_succeed_and_each_migration_is_done_once()
    {
        await using var database = await MakeAsync();
        var lines = new List<string>();
        void Report(string line) { lock (lines) lines.Add(line); }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => database.Migrator(report: Report).UpAsync(null, Cancellation)));

        Assert.Equal(["up 001_tables", "up 002_keys", "up 003_indexes"], lines.Where(line => line.StartsWith("up ", StringComparison.Ordinal)));
        Assert.Equal(21, await database.AskAsync<int>(State));
    }

    [Fact]
    public async Task A_planted_orphan_stops_the_foreign_key_and_is_named()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(1, Cancellation);
        await database.DoAsync(OneOrder + Orphan);

        var stopped = await Assert.ThrowsAsync<MigrationFailedException>(() => database.Migrator().UpAsync(null, Cancellation));

        Assert.StartsWith("002_keys.up.sql stopped at `do $$`: orders of unknown buyers: 0000dead-0000-0000-0000-000000000000", stopped.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (await database.Migrator().CurrentAsync(Cancellation), await database.AskAsync<int>(State)));
        Assert.True(await database.AskAsync<bool>("select bool_and(relforcerowsecurity) from pg_class where relname in ('orders', 'buyers') and relkind = 'r'"));

        await database.DoAsync("delete from shop.orders where id = '0000dead-0000-0000-0000-000000000000'");
        await database.Migrator().UpAsync(null, Cancellation);
        Assert.Equal(21, await database.AskAsync<int>(State));
    }

    [Fact]
    public async Task A_failing_statement_is_named_with_its_file_and_undoes_its_migration_only()
    {
        await using var database = await MakeAsync();
        var set = ShopMigrations.With(
            ("004_wrong.up.sql", "create table shop.gone (a int);\n-- a comment above\nalter table shop.nowhere\n  add column b int;"), ("004_wrong.down.sql", "drop table shop.gone"));

        var stopped = await Assert.ThrowsAsync<MigrationFailedException>(() => database.Migrator(set).UpAsync(null, Cancellation));

        Assert.Equal("004_wrong.up.sql stopped at `alter table shop.nowhere`: relation \"shop.nowhere\" does not exist (42P01)", stopped.Message);
        Assert.Equal(3, await database.Migrator(set).CurrentAsync(Cancellation));
        Assert.False(await database.AskAsync<bool>("select to_regclass('shop.gone') is not null"));
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_refused_and_shown()
    {
        await using var database = await MakeAsync();
        var newer = ShopMigrations.With(("004_more.up.sql", "select 1"), ("004_more.down.sql", "select 1"));
        await database.Migrator(newer).UpAsync(null, Cancellation);

        await Assert.ThrowsAsync<DatabaseNewerException>(() => database.Migrator().UpAsync(null, Cancellation));
        await Assert.ThrowsAsync<DatabaseNewerException>(() => database.Migrator().DownAsync(1, Cancellation));
        Assert.Equal(4, await database.Migrator().CurrentAsync(Cancellation));
        var unknown = Assert.Single(await database.Migrator().StatusAsync(Cancellation), state => !state.IsKnown);
        Assert.Equal((4, "more"), (unknown.Number, unknown.Name));
    }

    [Fact]
    public async Task Down_past_what_cannot_be_undone_is_refused_before_anything_is_done()
    {
        await using var database = await MakeAsync();
        var set = ShopMigrations.With(("002_keys.down.sql", "-- irreversible: the old keys are gone"));
        await database.Migrator(set).UpAsync(null, Cancellation);

        var refused = await Assert.ThrowsAsync<IrreversibleMigrationException>(() => database.Migrator(set).DownAsync(0, Cancellation));

        Assert.Equal("002_keys cannot be undone: the old keys are gone; the lowest version to go down to is 002", refused.Message);
        Assert.Equal(3, await database.Migrator(set).CurrentAsync(Cancellation));
        await Assert.ThrowsAsync<UnknownMigrationException>(() => database.Migrator(set).DownAsync(7, Cancellation));
    }

    [Fact]
    public async Task The_services_may_read_the_version_and_not_write_it()
    {
        await using var database = await MakeAsync();
        await database.Migrator().UpAsync(null, Cancellation);
        Assert.True(await database.AskAsync<bool>("""
            select bool_and(has_table_privilege(r, 'platform.schema_migrations', 'select') and has_schema_privilege(r, 'platform', 'usage')
                            and not has_table_privilege(r, 'platform.schema_migrations', 'insert, update, delete'))
              from unnest(array['admitone_events', 'admitone_tickets', 'admitone_audit']) as r
            """));
    }

    [Fact]
    public async Task AdmitOnes_own_migrations_go_down_one_by_one_and_up_again()
    {
        await using var database = await MakeAsync();
        var migrator = database.Migrator(MigrationSet.Product);
        await migrator.UpAsync(null, Cancellation);
        for (var version = Migrator.Latest - 1; version >= 0; version--)
        {
            await migrator.DownAsync(version, Cancellation);
            Assert.Equal(version, await migrator.CurrentAsync(Cancellation));
        }
        await migrator.UpAsync(null, Cancellation);
        Assert.Equal(0, await database.AskAsync<int>("select count(*) from pg_index where not indisvalid"));
    }

    // From each version to the latest: as many migrations as the square of their number.
    [Fact, Trait("Category", "Long")]
    public async Task AdmitOnes_own_migrations_go_up_down_to_each_version_and_up_again()
    {
        await using var database = await MakeAsync();
        var migrator = database.Migrator(MigrationSet.Product);
        await migrator.UpAsync(null, Cancellation);
        for (var version = Migrator.Latest - 1; version >= 0; version--)
        {
            await migrator.DownAsync(version, Cancellation);
            await migrator.UpAsync(null, Cancellation);
            Assert.Equal(Migrator.Latest, await migrator.CurrentAsync(Cancellation));
        }
        Assert.Equal(0, await database.AskAsync<int>("select count(*) from pg_index where not indisvalid"));
    }
}
