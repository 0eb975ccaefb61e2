using AdmitOne.Schema;

namespace AdmitOne.UnitTests.Schema;

public sealed class MigrationSetTests
{
    [Fact]
    public void Files_become_migrations_in_the_order_of_their_numbers()
    {
        var set = Of(("002_b.up.sql", "select 2"), ("001_a.down.sql", ""), ("002_b.down.sql", ""), ("001_a.up.sql", "select 1"));
        Assert.Equal(["001_a", "002_b"], set.Select(migration => migration.Label));
        Assert.Equal(["20260101000001_a", "20260101000002_b"], set.Select(migration => migration.Id));
        Assert.Equal(2, set.Latest);
    }

    [Theory]
    [InlineData("20260101000001_baseline", 1)]
    [InlineData("20260101000123_more", 123)]
    [InlineData("nonsense", 0)]
    [InlineData("20260101x00001_baseline", 0)]
    public void An_id_of_the_history_tells_its_number(string id, int number) => Assert.Equal(number, SqlMigrationFiles.NumberOf(id));

    [Fact]
    public void AdmitOnes_own_files_keep_the_rules()
    {
        Assert.Equal(Migrator.Latest, MigrationSet.Product.Count);
        Assert.All(MigrationSet.Product, migration => Assert.NotEmpty(migration.Up.Statements));
        Assert.All(MigrationSet.Product, migration => Assert.True(migration.Down.Irreversible is not null || migration.Down.Statements.Count > 0));
        Assert.All(MigrationSet.Product.Where(migration => migration.Up.Transactional), migration =>
            Assert.Equal("set local lock_timeout = '2s'", SqlStatements.FirstLine(migration.Up.Statements[0])));
    }

    [Fact]
    public void A_route_for_a_database_in_use_takes_the_rest_of_the_file_as_one_step_and_goes_on_by_itself()
    {
        var set = Of(("001_a.up.sql", "select 1; select 2; select 3;"), ("001_a.down.sql", ""),
            ("001_a.online.sql", "-- no transaction\n-- leaves out: 1 statements from `select 2`\n-- done if: select true\nselect 22;"));
        var up = set[0].Up;
        Assert.False(up.Transactional);
        Assert.Equal(2, up.Statements.Count);
        Assert.Contains("if (select true) then return", up.Statements[0], StringComparison.Ordinal);
        Assert.Contains("select 1", up.Statements[0], StringComparison.Ordinal);
        Assert.DoesNotContain("select 2\n", up.Statements[0], StringComparison.Ordinal);
        Assert.EndsWith("select 22", up.Statements[1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_one_transaction_changes_is_locked_first_in_the_order_of_a_purchase()
    {
        var down = Of(("001_a.up.sql", "select 1"), ("001_a.down.sql", "set local lock_timeout = '2s'; alter table tickets.tickets drop column a; alter table only tickets.orders drop column b;"))[0].Down;
        Assert.Equal(4, down.Statements.Count);
        Assert.Contains("unnest(array['tickets.orders', 'tickets.tickets']::text[])", down.Statements[1], StringComparison.Ordinal);
        Assert.Equal(2, Of(("001_a.up.sql", "select 1"), ("001_a.down.sql", "set local lock_timeout = '2s'; alter table tickets.tickets add column a integer"))[0].Down.Statements.Count);
    }

    [Theory]
    [InlineData("drop table tickets.refunds, tickets.payments", "tickets.payments", "tickets.refunds")]
    [InlineData("create or replace view events.sale_window as select 1; drop policy if exists a on events.events", "events.events", "events.sale_window")]
    [InlineData("create table tickets.a (b uuid constraint c references platform.tenants (id)); alter table tickets.orders add column a integer", "platform.tenants", "tickets.orders")]
    [InlineData("create trigger a after insert or update of b on tickets.tickets; create unique index c on tickets.orders (d)", "tickets.orders", "tickets.tickets")]
    public void Whatever_takes_a_lock_is_found_in_the_statements(string sql, string one, string another) =>
        Assert.Contains($"unnest(array['{one}', '{another}']::text[])", Of(("001_a.up.sql", "select 1"), ("001_a.down.sql", $"set local lock_timeout = '2s'; {sql}"))[0].Down.Statements[1], StringComparison.Ordinal);

    [Fact]
    public void What_a_file_drops_takes_the_tables_along_that_its_keys_name()
    {
        string Lock(string sql) => Of(("001_a.up.sql", "select 1"), ("001_a.down.sql", $"set local lock_timeout = '2s'; {sql}"))[0].Down.Statements[1];
        Assert.Contains("confrelid", Lock("alter table tickets.tickets drop column a"), StringComparison.Ordinal);
        Assert.DoesNotContain("confrelid", Lock("alter table tickets.tickets add column a integer; alter table tickets.orders add column a integer"), StringComparison.Ordinal);
        Assert.Contains("n.nspname in ('platform', 'events', 'tickets')", Lock("do $$ begin for t in select name from pg_policy loop execute format('drop policy a on %s', t); end loop; perform 'tickets.orders'; end $$"), StringComparison.Ordinal);
        Assert.Contains("array['tickets.ix_a']", Lock("drop index tickets.ix_a; alter table tickets.orders add column a integer"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_commits_one_by_one_waits_for_a_lock_no_longer_than_a_purchase_can_bear()
    {
        var up = Of(("001_a.up.sql", "-- no transaction\nset lock_timeout = '2s';\nselect 1;"), ("001_a.down.sql", ""))[0].Up;
        Assert.Equal(3, up.Statements.Count);
        Assert.Equal("set lock_timeout = '400ms'", up.Statements[1]);
    }

    [Theory]
    [InlineData("select 1", "begins with `-- no transaction`")]
    [InlineData("-- no transaction\nselect 1", "say `-- leaves out:")]
    [InlineData("-- no transaction\n-- leaves out: 2 statements from `select 1`\n-- done if: select true", "has no 2 statements from `select 1`")]
    [InlineData("-- no transaction\n-- leaves out: 1 statements from `select 9`\n-- done if: select true", "has no 1 statements from `select 9`")]
    public void A_route_that_does_not_fit_its_file_is_refused(string online, string says) =>
        Refused(says, ("001_a.up.sql", "select 1"), ("001_a.down.sql", ""), ("001_a.online.sql", online));

    [Theory]
    [InlineData("1_a.up.sql", "a migration is named like")]
    [InlineData("001_A.up.sql", "a migration is named like")]
    [InlineData("001_a.sql", "a migration is named like")]
    [InlineData("001_a.up.sql", "001_a.down.sql is missing")]
    [InlineData("001_a.down.sql", "001_a.up.sql is missing")]
    [InlineData("002_a.up.sql", "001 is missing")]
    public void A_file_that_stands_alone_or_is_misnamed_is_refused(string file, string says) => Refused(says, (file, ""));

    [Fact]
    public void Two_names_for_one_number_are_refused() =>
        Refused("has the same number", ("001_a.up.sql", ""), ("001_a.down.sql", ""), ("001_b.up.sql", ""));

    [Theory]
    [InlineData("create index concurrently if not exists i on s.t (a)", "needs `-- no transaction`")]
    [InlineData("-- why\ndrop index concurrently if exists s.i", "needs `-- no transaction`")]
    [InlineData("-- no transaction\ncreate index concurrently i on s.t (a)", "if not exists")]
    [InlineData("-- no transaction\ncreate index concurrently if not exists i on t (a)", "schema.table")]
    [InlineData("-- no transaction\ncreate unique index concurrently on s.t (a)", "if not exists")]
    [InlineData("select 'open", "001_a.up.sql: the string that begins in line 1 is not closed")]
    public void A_file_that_could_not_be_continued_after_a_cut_is_refused(string sql, string says) =>
        Refused(says, ("001_a.up.sql", sql), ("001_a.down.sql", ""));

    [Fact]
    public void Indexes_built_concurrently_are_known_by_schema_and_name()
    {
        var up = Of(("001_a.down.sql", ""), ("001_a.up.sql", """
            -- no transaction
            -- the first
            CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS Ix_One ON ONLY Shop.orders (a);
            create index concurrently if not exists "Odd ""one" on "S".t using brin (a);
            """))[0].Up;
        Assert.False(up.Transactional);
        Assert.Equal([new IndexName("shop", "ix_one"), new IndexName("S", "Odd \"one")], up.ConcurrentIndexes);
    }

    [Fact]
    public void The_script_for_psql_skips_what_is_applied_and_opens_no_transaction_around_an_index()
    {
        var set = Of(("001_a.up.sql", "create table s.t (a int) -- comment"), ("001_a.down.sql", ""),
            ("002_b.up.sql", "-- no transaction\ncreate index concurrently if not exists i on s.t (a)"), ("002_b.down.sql", ""));
        var script = new Migrator("Host=unused", set, null).Script();
        Assert.Contains("\\if :todo\nbegin;\ncreate table s.t (a int) -- comment\n;\ninsert into platform.schema_migrations", script.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("begin", script[script.IndexOf("-- 002_b", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    private static MigrationSet Of(params (string File, string Sql)[] files) =>
        MigrationSet.FromFiles(files.Select(file => KeyValuePair.Create(file.File, file.Sql)));

    private static void Refused(string says, params (string File, string Sql)[] files) =>
        Assert.Contains(says, Assert.Throws<MigrationException>(() => Of(files)).Message, StringComparison.Ordinal);
}
