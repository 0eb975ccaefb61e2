using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Npgsql;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>What the migrations make, what the product believes that they make, and `admitone migrate validate`, which compares a database with it.</summary>
public sealed class CatalogueTests(Stack stack)
{
    [Fact]
    public async Task The_catalogue_that_the_program_keeps_is_the_one_that_the_migrations_make()
    {
        await using var database = await MigratedAsync();
        var made = Catalogue.Write(await ReadAsync(database));
        var path = Path.Combine(RunnableBlock.Root, "src", "AdmitOne.Schema", "catalogue.tsv");
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1") await File.WriteAllTextAsync(path, made, Cancellation);
        Assert.True(await File.ReadAllTextAsync(path, Cancellation) == made,
            "src/AdmitOne.Schema/catalogue.tsv is not what the migrations make: run UPDATE_DOCS=1 ./test --filter-class '*CatalogueTests' and look at what changed.");
    }

    [Fact]
    public async Task The_way_for_a_database_in_use_leads_where_the_files_that_landed_lead()
    {
        var folder = Path.Combine(RunnableBlock.Root, "src", "AdmitOne.Schema", "Sql");
        var landed = MigrationSet.FromFiles(Directory.EnumerateFiles(folder, "*.sql").Where(file => !file.EndsWith(".online.sql", StringComparison.Ordinal))
            .Select(file => KeyValuePair.Create(Path.GetFileName(file), File.ReadAllText(file))));
        await using var database = await MakeAsync();
        await database.Migrator(landed).UpAsync(null, Cancellation);
        Assert.Empty(Catalogue.Compare(Catalogue.Expected, await ReadAsync(database)));
    }

    [Fact]
    public async Task The_thirteen_keys_of_the_checklist_are_there_and_were_validated()
    {
        await using var database = await MigratedAsync();
        await using var connection = await OpenAsync(database);
        var found = (await ForeignKeys.ReadAsync(connection, Cancellation)).ToDictionary(key => key.Name);
        Assert.Equal(13, ForeignKeys.Counted.Count);
        foreach (var key in ForeignKeys.Counted)
        {
            var there = found[key.Name];
            Assert.Equal((key.Table, key.Parent, key.OnDelete), (there.Table, there.Parent, there.OnDelete));
            Assert.Equal(key.Columns, there.Columns);
            Assert.Equal(key.ParentColumns, there.ParentColumns);
        }
        Assert.Equal(13, await database.AskAsync<int>($"select count(*)::int from pg_constraint where convalidated and conname in ('{string.Join("', '", ForeignKeys.Counted.Select(key => key.Name))}')"));
    }

    [Fact]
    public async Task Each_of_the_forty_two_access_paths_goes_by_its_index_on_a_filled_database()
    {
        await using var database = await MigratedAsync();
        foreach (var sql in FilledDatabase.Statements(orders: 20_000)) await database.DoAsync(sql);
        // Other organisers' types, and holds that are open: a table of one page is read whole, and an empty index is always the cheapest.
        await database.DoAsync("""
            set session_replication_role = replica;
            insert into tickets.ticket_types (tenant_id, id, event_id, section_id, name, price_minor, currency)
            select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'Other', 2500, 'EUR' from generate_series(1, 20000);
            update tickets.reservations set status = 'held' where random() < 0.2;
            """);
        await database.DoAsync("vacuum (analyze)");
        Assert.Equal(42, AccessPaths.All.Count);
        var others = new List<string>();
        foreach (var path in AccessPaths.All)
        {
            var kind = path.By switch { "event_id" or "tenant_id, event_id" or "event_id, availability" => FilledDatabase.Kind.Event, "ticket_type_id" => FilledDatabase.Kind.Type, _ => FilledDatabase.Kind.User };
            var sql = path.Sql.Replace("@tenant", $"'{FilledDatabase.Tenant}'", StringComparison.Ordinal).Replace("@id", $"'{FilledDatabase.Id(kind, 3)}'", StringComparison.Ordinal)
                .Replace("@at", "now() - interval '1 hour'", StringComparison.Ordinal);
            await using var connection = await OpenAsync(database);
            var plan = string.Join('\n', await Dapper.SqlMapper.QueryAsync<string>(connection, "explain (costs off) " + sql));
            if (!plan.Contains(path.Index, StringComparison.Ordinal)) others.Add($"{path.Table} by {path.By}, not by {path.Index}:\n{plan}");
        }
        Assert.True(others.Count == 0, string.Join("\n\n", others));
    }

    [Fact]
    public async Task Validate_finds_a_good_database_good()
    {
        await using var database = await MigratedAsync();
        var run = await ValidateAsync(database);
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Contains("as the migrations make it", run.Output, StringComparison.Ordinal);
        Assert.Contains("the 13 of the checklist among them: none", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_names_what_is_missing_what_has_changed_and_what_is_not_ours()
    {
        await using var database = await MigratedAsync();
        await database.DoAsync("""
            drop index tickets.ix_orders_user;
            alter table tickets.orders drop constraint orders_total_not_negative;
            drop policy tenant on tickets.discounts;
            alter table tickets.payments no force row level security;
            alter table platform.users alter column name type varchar(50), add column nickname text;
            """);
        var run = await ValidateAsync(database);
        Assert.Equal(1, run.ExitCode);
        foreach (var found in new[]
        {
            "missing index tickets.ix_orders_user:", "missing constraint tickets.orders.orders_total_not_negative:", "missing policy tickets.discounts.tenant:",
            "changed table tickets.payments: it is \"owner admitone_owner, row-level security\"", "changed column platform.users.name: it is \"character varying(50)\"", "unknown column platform.users.nickname: text",
        }) Assert.Contains(found, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_names_the_orphans_of_each_of_the_thirteen_keys_before_they_are_added_and_touches_none()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(1, Cancellation);
        // One row of each table that belongs to nothing that there is.
        await database.DoAsync("""
            insert into tickets.ticket_types (tenant_id, id, event_id, section_id, name, price_minor, currency) values ('0000dead-0000-7000-8000-000000000000', '0000dead-0000-7000-8000-000000000001', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', 'Lost', 1, 'EUR');
            insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, expires_at) values ('0000dead-0000-7000-8000-000000000000', '0000dead-0000-7000-8000-000000000002', '0000dead-0000-7000-8000-000000000002', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', 1, 1, 'EUR', 'expired', now());
            insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency) values ('0000dead-0000-7000-8000-000000000000', '0000dead-0000-7000-8000-000000000003', 'L', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', 'expired', 1, 'EUR');
            insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, currency) values ('0000dead-0000-7000-8000-000000000000', '0000dead-0000-7000-8000-000000000004', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', 'issued', 1, 'EUR');
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, validated_by, scanned_at) values ('0000dead-0000-7000-8000-000000000000', '0000dead-0000-7000-8000-000000000005', '0000dead-0000-7000-8000-0000000000ff', '0000dead-0000-7000-8000-0000000000ff', 'in', 'refused', 'lost', '0000dead-0000-7000-8000-0000000000ff', now());
            """);
        var run = await ValidateAsync(database, "--orphans");
        Assert.Equal(1, run.ExitCode);
        foreach (var key in ForeignKeys.Counted)
        {
            var line = Assert.Single(run.Lines, line => line.StartsWith($"orphans of {key.Name}: 1 rows of {key.Table} ", StringComparison.Ordinal));
            Assert.EndsWith($": 0000dead-0000-7000-8000-00000000000{Number(key.Table)}", line, StringComparison.Ordinal);
        }
        Assert.Equal(5, await database.AskAsync<int>("select (select count(*) from tickets.ticket_types) + (select count(*) from tickets.reservations) + (select count(*) from tickets.orders) + (select count(*) from tickets.tickets) + (select count(*) from tickets.ticket_validations)"));

        // The migration refuses them too, and leaves the schema where it was.
        await Assert.ThrowsAsync<MigrationFailedException>(() => database.Migrator(MigrationSet.Product).UpAsync(2, Cancellation));
        Assert.Equal(1, await database.Migrator(MigrationSet.Product).CurrentAsync(Cancellation));
    }

    private static int Number(string table) => table switch { "tickets.ticket_types" => 1, "tickets.reservations" => 2, "tickets.orders" => 3, "tickets.tickets" => 4, _ => 5 };

    private Task<CommandRun> ValidateAsync(EmptyDatabase database, params string[] more) => CommandRun.StartAsync(
        [
            ("DB_HOST", stack.Postgres.Host), ("DB_PORT", $"{stack.Postgres.Port}"), ("DB_NAME", database.Name), ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit]),
        ], ["migrate", "validate", .. more]);

    private static async Task<EmptyDatabase> MigratedAsync()
    {
        var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(null, Cancellation);
        return database;
    }

    private static async Task<NpgsqlConnection> OpenAsync(EmptyDatabase database)
    {
        var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    private static async Task<IReadOnlyList<CatalogueEntry>> ReadAsync(EmptyDatabase database)
    {
        await using var connection = await OpenAsync(database);
        return await Catalogue.ReadAsync(connection, Cancellation);
    }
}
