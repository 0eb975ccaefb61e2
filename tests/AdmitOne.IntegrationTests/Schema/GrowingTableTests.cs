using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Dapper;
using Npgsql;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>What fills in seconds is counted in seconds, so that nothing is planned as if it were small.</summary>
public sealed class GrowingTableTests(Stack stack)
{
    [Fact]
    public async Task A_connection_that_planned_for_an_empty_table_plans_anew_when_it_is_counted()
    {
        await using var database = await MigratedAsync();
        await using var asked = await KeptPlan.MakeAsync(database, KeptPlan.Scan);
        Assert.DoesNotContain("admissions_pkey", await asked.ShowAsync(), StringComparison.Ordinal);
        await AdmitAsync(database, 20_000);
        Assert.DoesNotContain("admissions_pkey", await asked.ShowAsync(), StringComparison.Ordinal);

        Assert.Equal(1, await CountAsync(database, DatabaseRoles.Tickets));
        Assert.Contains("admissions_pkey", await asked.ShowAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_is_counted_again_when_it_has_doubled_and_not_before()
    {
        await using var database = await MigratedAsync();
        await AdmitAsync(database, 10_000);
        Assert.Equal(1, await CountAsync(database, DatabaseRoles.Events));
        await AdmitAsync(database, 5_000);
        Assert.Equal(0, await CountAsync(database, DatabaseRoles.Events));
        await AdmitAsync(database, 6_000);
        Assert.Equal(1, await CountAsync(database, DatabaseRoles.Events));
        Assert.Equal(21_000, await database.AskAsync<double>("select reltuples from pg_class where oid = 'tickets.admissions'::regclass"), tolerance: 500);
    }

    [Fact]
    public async Task A_table_of_one_page_is_counted_when_its_rows_have_doubled_but_not_when_they_were_changed()
    {
        await using var database = await MigratedAsync();
        foreach (var (more, known) in new[] { (1, 1), (2, 3), (2, 3), (5, 10) })
        {
            await AdmitAsync(database, more);
            await HeardAsync(database);
            await CountAsync(database, DatabaseRoles.Tickets);
            Assert.Equal(known, await database.AskAsync<double>("select reltuples from pg_class where oid = 'tickets.admissions'::regclass"));
        }
        await database.DoAsync("update tickets.admissions set gate = 'North'");
        await HeardAsync(database);
        Assert.Equal(0, await CountAsync(database, DatabaseRoles.Tickets));
    }

    [Fact]
    public async Task Nobody_waits_for_another_replica_that_counts_nor_for_a_table_that_is_locked()
    {
        await using var database = await MigratedAsync();
        await AdmitAsync(database, 20_000);
        await using (var other = new NpgsqlConnection(database.ConnectionString))
        {
            await other.OpenAsync(Cancellation);
            await other.ExecuteAsync("begin; select platform.count_growing_tables()");
            Assert.Equal(0, await CountAsync(database, DatabaseRoles.Tickets));
        }
        await using var vacuum = new NpgsqlConnection(database.ConnectionString);
        await vacuum.OpenAsync(Cancellation);
        await vacuum.ExecuteAsync("begin; lock table tickets.admissions in share update exclusive mode");   // as autovacuum has it
        await AdmitAsync(database, 30_000);
        await CountAsync(database, DatabaseRoles.Tickets).WaitAsync(TimeSpan.FromSeconds(5), Cancellation);
    }

    [Fact]
    public async Task A_service_has_them_counted_while_it_runs()
    {
        await using var world = await World.StartAsync(stack);
        await world.Sql("alter table tickets.admissions set (autovacuum_enabled = false)");
        await world.Sql(Admit(20_000));
        await World.UntilAsync("admissions are counted", async () => await world.Ask<bool>("select reltuples > 0 from pg_class where oid = 'tickets.admissions'::regclass"));
    }

    private static async Task<EmptyDatabase> MigratedAsync()
    {
        var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(null, Cancellation);
        // The server's own counting would come whenever it likes.
        await database.DoAsync("alter table tickets.admissions set (autovacuum_enabled = false)");
        await HeardAsync(database);
        await CountAsync(database, DatabaseRoles.Tickets);   // what the migrations have put there
        return database;
    }

    // A session tells the others how many rows it has written when it is asked to, or after a second.
    private static Task HeardAsync(EmptyDatabase database) => database.DoAsync("select pg_stat_force_next_flush()");

    private static Task AdmitAsync(EmptyDatabase database, int count) => database.DoAsync(Admit(count));

    private static string Admit(int count) => $"""
        begin; set local session_replication_role = replica;
        insert into tickets.admissions (tenant_id, ticket_id, event_id, validation_id, admitted_at)
        select '{KeptPlan.Organiser}', gen_random_uuid(), '{KeptPlan.Organiser}', gen_random_uuid(), now() from generate_series(1, {count});
        commit
        """;

    private static Task<int> CountAsync(EmptyDatabase database, string role) => database.AskAsync<int>($"begin; set local role {role}; select platform.count_growing_tables(); commit");
}
