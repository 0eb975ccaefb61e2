using AdmitOne.IntegrationTests.Harness;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>The database's own last word: with a service's role, one tenant's rows are not there for another, whatever the code asks.</summary>
public sealed class TenancyTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private sealed record Table(string Name, bool Enabled, bool Forced, string Key);

    [Theory, InlineData("events"), InlineData("tickets")]
    public async Task No_role_of_a_service_reads_or_writes_another_tenants_rows_in_any_table(string service)
    {
        await new WalkSamples(world).AllAsync();
        var settings = service == "events" ? world.EventsSettings : world.TicketsSettings;
        await using var superuser = await world.ConnectAsync();
        var tables = (await superuser.QueryAsync<Table>("""
            select c.oid::regclass::text as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
                   case when exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') then 'tenant_id' when c.relname = 'tenants' then 'id' else '' end as key
              from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('platform', 'events', 'tickets') and c.relkind in ('r', 'p') and c.relname not in ('schema_migrations')
            """)).ToList();
        Assert.True(tables.Count > 25);
        Assert.Empty(tables.Where(t => t.Key.Length == 0 || !t.Enabled || !t.Forced).Select(t => $"{t.Name}: key {t.Key}, row-level security {t.Enabled}, forced {t.Forced}"));

        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(superuser.ConnectionString)
        {
            Username = settings["DB_USER"], Password = settings["DB_PASSWORD"], Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(Stop);
        var (faults, filled) = (new List<string>(), 0);
        foreach (var table in tables)
        {
            if (await superuser.ExecuteScalarAsync<bool>($"select exists (select from {table.Name} where {table.Key} = @Tenant)", new { world.Tenant })) filled++;
            foreach (var (whose, set) in new[] { ("another tenant", world.OtherTenant.ToString()), ("nobody", "") })
            {
                foreach (var (what, sql) in new[]
                {
                    ("reads", $"select count(*) from {table.Name} where {table.Key} = @Tenant"),
                    ("changes", $"update {table.Name} set {table.Key} = {table.Key} where {table.Key} = @Tenant"),
                    ("removes", $"delete from {table.Name} where {table.Key} = @Tenant"),
                    ("adds to", $"insert into {table.Name} ({table.Key}) values (@Tenant)"),
                })
                {
                    if (await RowsAsync(connection, set, sql) is var rows and not 0) faults.Add($"{service} as {whose} {what} {rows} rows of {table.Name}");
                }
            }
        }
        Assert.True(filled > 12, $"Only {filled} tables had rows to find.");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>What the Ticket Service may read of events is a view with its owner's rights: those must not be more than its reader's.</summary>
    [Fact]
    public async Task The_view_of_events_shows_a_tenants_own_and_what_the_catalogue_shows()
    {
        var draft = await world.PutOnSaleAsync(1, new SaleOptions { Status = "draft" });
        await using var superuser = await world.ConnectAsync();
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(superuser.ConnectionString)
        {
            Username = world.TicketsSettings["DB_USER"], Password = world.TicketsSettings["DB_PASSWORD"], Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(Stop);
        var sql = $"select count(*) from events.sale_window where event_id = '{draft.EventId}'";
        Assert.Equal(1, await RowsAsync(connection, world.Tenant.ToString(), sql));
        Assert.Equal(0, await RowsAsync(connection, world.OtherTenant.ToString(), sql));
        Assert.Equal(0, await RowsAsync(connection, "", sql));
    }

    /// <returns>How many rows it reached; -1 for an insert that was taken; 0 also if it is refused.</returns>
    private async Task<long> RowsAsync(NpgsqlConnection connection, string tenant, string sql)
    {
        await using var transaction = await connection.BeginTransactionAsync(Stop);
        await connection.ExecuteAsync("select set_config('app.tenant_id', @tenant, true)", new { tenant }, transaction);
        try
        {
            if (sql.StartsWith("select", StringComparison.Ordinal)) return await connection.ExecuteScalarAsync<long>(sql, new { world.Tenant }, transaction);
            return await connection.ExecuteAsync(sql, new { world.Tenant }, transaction);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return 0;   // no such right, or the policy's check
        }
        catch (PostgresException broken) when (broken.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            return -1;  // a constraint was reached: row-level security has let it through
        }
    }
}
