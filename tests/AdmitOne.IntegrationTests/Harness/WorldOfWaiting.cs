using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Two who do the same at the same time, held up where both have decided and neither has written.</summary>
public partial class World
{
    /// <summary>
    /// Whoever inserts into the table waits until the answer is disposed. Those who should not both have come so far wait elsewhere, for one another.
    /// </summary>
    public async Task<IAsyncDisposable> HoldUpInsertsAsync(string table)
    {
        var gate = await ConnectAsync();
        await gate.ExecuteAsync($"""
            create or replace function public.wait_at_the_gate() returns trigger language plpgsql as $f$ begin perform pg_advisory_xact_lock_shared(4711); return new; end $f$;
            create trigger wait_at_the_gate before insert on {table} for each row execute function public.wait_at_the_gate();
            select pg_advisory_lock(4711)
            """);
        return new Gate(gate, table);
    }

    /// <summary>Until so many wait for locks of any kind.</summary>
    public Task UntilWaitingAsync(int many) => UntilAsync(async () =>
        await Ask<int>("select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == many);

    private sealed class Gate(NpgsqlConnection connection, string table) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await connection.ExecuteAsync($"select pg_advisory_unlock(4711); drop trigger wait_at_the_gate on {table}");
            await connection.DisposeAsync();
        }
    }
}
