using AdmitOne.Schema;
using Dapper;
using Npgsql;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>One plan serves all organisers: it has to suit the one who has a stadium.</summary>
public sealed class KeptPlanTests
{
    // What a scan asks and what a purchase does, where reading all of an organiser is cheap for everybody but one.
    private static readonly (string Table, string Statement, string Key)[] s_byKey =
    [
        ("tickets.admissions", KeptPlan.Scan, "admissions_pkey"),
        ("tickets.orders", "update tickets.orders o set status = 'completed' from unnest($2) as k (id) where o.tenant_id = $1 and o.id = k.id", "orders_pkey"),
    ];

    [Fact]
    public async Task Among_thousands_of_small_organisers_the_large_ones_rows_are_found_by_their_keys()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(16, Cancellation);
        // Rows as a running platform has them: the migration that comes finds tables filled and counted.
        await database.DoAsync($"""
            set session_replication_role = replica;
            create temporary table organisers as select gen_random_uuid() as tenant_id, 3 as has from generate_series(1, 5000) union all select '{KeptPlan.Organiser}', 20000;
            insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at)
            select tenant_id, gen_random_uuid(), tenant_id, gen_random_uuid(), now() from organisers, generate_series(1, has);
            insert into tickets.orders (tenant_id, id, order_number, event_id, hold_id, status, total_minor, currency)
            select tenant_id, gen_random_uuid(), 'N' || n, tenant_id, tenant_id, 'paid', 2500, 'EUR' from organisers, generate_series(1, has) as n;
            """);
        await database.DoAsync("analyze tickets.admissions, tickets.orders");

        await database.Migrator(MigrationSet.Product).UpAsync(null, Cancellation);

        foreach (var (table, statement, key) in s_byKey)
        {
            await using var asked = await KeptPlan.MakeAsync(database, statement);
            var plan = await asked.ShowAsync();
            Assert.True(plan.Contains(key, StringComparison.Ordinal), $"{table} is not looked up by {key}:\n{plan}");
        }
    }

    [Fact]
    public async Task Every_table_of_organisers_is_planned_for_the_largest_and_that_can_be_taken_back()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(null, Cancellation);
        Assert.Null(await database.AskAsync<string?>(Tables("not")));

        await database.Migrator(MigrationSet.Product).DownAsync(16, Cancellation);
        Assert.Null(await database.AskAsync<string?>(Tables("")));
    }

    [Fact]
    public async Task Whoever_reads_and_writes_meanwhile_is_not_waited_for_and_does_not_wait()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(16, Cancellation);
        await using var sale = new NpgsqlConnection(database.ConnectionString);
        await sale.OpenAsync(Cancellation);
        // Locks as a purchase holds them until its commit.
        await sale.ExecuteAsync("begin; lock table tickets.orders, tickets.tickets, tickets.admissions, platform.idempotency_keys in row exclusive mode");

        await database.Migrator(MigrationSet.Product, said => Assert.DoesNotContain("gave way", said, StringComparison.Ordinal)).UpAsync(17, Cancellation);
        await database.Migrator(MigrationSet.Product, said => Assert.DoesNotContain("gave way", said, StringComparison.Ordinal)).DownAsync(16, Cancellation);
    }

    private static string Tables(string not) => $"""
        select string_agg(attrelid::regclass::text, ', ')
          from pg_attribute join pg_class c on c.oid = attrelid
         where attname = 'tenant_id' and c.relkind = 'r' and c.relnamespace::regnamespace::text in ('platform', 'events', 'tickets')
           and {not} coalesce(attoptions, array[]::text[]) @> array['n_distinct=1']
        """;
}
