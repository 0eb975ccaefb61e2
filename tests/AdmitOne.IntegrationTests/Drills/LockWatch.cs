using System.Diagnostics;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>Looks at pg_locks many times a second: how long does the migration hold a lock that keeps a sale from writing?</summary>
internal sealed class LockWatch : IAsyncDisposable
{
    // ROW EXCLUSIVE, which every write takes, waits for each of these.
    private const string Strong = """
        select l.relation::regclass::text || ' ' || l.mode || ' ' || l.virtualtransaction from pg_locks l join pg_stat_activity a on a.pid = l.pid join pg_class c on c.oid = l.relation
         where a.application_name = 'admitone-migrate' and l.granted and c.relkind = 'r' and c.relnamespace in ('platform'::regnamespace, 'events'::regnamespace, 'tickets'::regnamespace)
           and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') and c.relname <> 'schema_migrations'
        """;

    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, long> _since = [];
    private readonly Task _watching;
    private TimeSpan _longest;
    private string _which = "none";

    public LockWatch(string connectionString) => _watching = Task.Run(() => WatchAsync(connectionString));

    /// <summary>The longest since this was last asked, to a twentieth of a second, and of which table.</summary>
    public (TimeSpan Longest, string Which) Take()
    {
        lock (_since)
        {
            var longest = (_longest, _which);
            (_longest, _which) = (TimeSpan.Zero, "none");
            return longest;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(CancellationToken.None);
        while (!_stop.IsCancellationRequested)
        {
            var held = (await connection.QueryAsync<string>(Strong)).ToHashSet();
            var now = Stopwatch.GetTimestamp();
            lock (_since)
            {
                foreach (var gone in _since.Keys.Where(known => !held.Contains(known)).ToList()) _since.Remove(gone);
                foreach (var one in held)
                {
                    _since.TryAdd(one, now);
                    if (Stopwatch.GetElapsedTime(_since[one], now) is var long_ && long_ >= _longest) (_longest, _which) = (long_, one[..one.LastIndexOf(' ')]);
                }
            }
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
