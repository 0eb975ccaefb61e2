using AdmitOne.Schema;
using Dapper;
using Npgsql;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>Whose rows a statement sees is found once for all of it, not for each row.</summary>
public sealed class TenantPolicyTests
{
    private const string OnceAStatement = "( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid";

    [Fact]
    public async Task Every_table_finds_the_tenant_once_a_statement_and_that_can_be_taken_back()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(null, Cancellation);
        Assert.Null(await database.AskAsync<string?>(Tables("not")));

        await database.Migrator(MigrationSet.Product).DownAsync(18, Cancellation);
        Assert.Null(await database.AskAsync<string?>(Tables("")));
    }

    [Fact]
    public async Task A_scan_asks_once_who_its_organiser_is()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(null, Cancellation);
        await using var service = new NpgsqlConnection(database.ConnectionString);
        await service.OpenAsync(Cancellation);
        await service.ExecuteAsync($"set role admitone_tickets; prepare looked (uuid, uuid[]) as {KeptPlan.Scan}");
        var plan = string.Join('\n', await service.QueryAsync<string>("explain (verbose) execute looked(gen_random_uuid(), array[gen_random_uuid()])"));
        Assert.Single(plan.Split("current_setting").Skip(1));
        Assert.Contains("InitPlan", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_purchase_in_progress_is_not_disturbed_and_the_migration_is_tried_again()
    {
        await using var database = await MakeAsync();
        await database.Migrator(MigrationSet.Product).UpAsync(18, Cancellation);
        await using var sale = new NpgsqlConnection(database.ConnectionString);
        await sale.OpenAsync(Cancellation);
        await sale.ExecuteAsync("begin; lock table tickets.orders, tickets.tickets in row exclusive mode");

        var gaveWay = new TaskCompletionSource();
        var migration = database.Migrator(MigrationSet.Product, said => { if (said.Contains("gave way", StringComparison.Ordinal)) gaveWay.TrySetResult(); }).UpAsync(19, Cancellation);
        await gaveWay.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await sale.ExecuteAsync("commit");
        await migration;
        Assert.Null(await database.AskAsync<string?>(Tables("not")));
    }

    // The tables whose policy is not, or is, written so.
    private static string Tables(string not) => $"""
        select string_agg(polrelid::regclass::text, ', ')
          from pg_policy
         where polname = 'tenant' and {not} (strpos(pg_get_expr(polqual, polrelid), $${OnceAStatement}$$) > 0 and strpos(pg_get_expr(polwithcheck, polrelid), $${OnceAStatement}$$) > 0)
        """;
}
