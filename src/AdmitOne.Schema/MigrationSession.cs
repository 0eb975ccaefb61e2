using Npgsql;

namespace AdmitOne.Schema;

/// <summary>One connection that acts as <c>admitone_owner</c>, and the lock that lets one runner work at a time.</summary>
/// <remarks>
/// The lock and the work share one session. If the program is killed while the server builds an index, the server goes on
/// building, and the next runner waits for exactly that.
/// </remarks>
internal sealed class MigrationSession : IAsyncDisposable
{
    // "AdmitOne" in ASCII. Advisory locks are per database, so databases of one cluster migrate side by side.
    private const long LockKey = 0x41646D69744F6E65;
    private static readonly TimeSpan _pollingInterval = TimeSpan.FromMilliseconds(200);

    private MigrationSession(NpgsqlConnection connection) => Connection = connection;

    public NpgsqlConnection Connection { get; }

    /// <exception cref="MigrationException">The login may not act as the owner.</exception>
    public static async Task<MigrationSession> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ForMigrating(connectionString));
        try
        {
            await connection.OpenAsync(cancellationToken);
            // A statement_timeout that an administrator gave to the role would cut a long index build.
            await using var command = new NpgsqlCommand("set role admitone_owner; set statement_timeout = 0", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new MigrationSession(connection);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.InsufficientPrivilege
            && exception.MessageText.Contains("role", StringComparison.Ordinal))
        {
            await connection.DisposeAsync();
            throw new MigrationException($"{connection.UserName} may not act as admitone_owner ({exception.MessageText}); `admitone migrate roles` prints what a DBA runs once", exception);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until no other runner works on this database. The lock goes with the session.</summary>
    /// <remarks>It asks again and again: a session that waits inside pg_advisory_lock keeps a snapshot, for which the other's index build waits.</remarks>
    public async Task WaitForTurnAsync(Action<string>? report, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({LockKey})", Connection);
        for (var waited = false; !(bool)(await command.ExecuteScalarAsync(cancellationToken))!; waited = true)
        {
            if (!waited) report?.Invoke("another migration runs on this database; waiting for it");
            await Task.Delay(_pollingInterval, cancellationToken);
        }
    }

    /// <summary>
    /// Ends the automatic vacuuming of our tables: it holds its lock for minutes and lets go of it only for who has waited for a second. The lock that is waited
    /// for here keeps nobody from reading or writing; that of a migration would.
    /// </summary>
    public async Task InterruptVacuumsAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            do $$
            declare
                t text;
            begin
                perform set_config('lock_timeout', '1500ms', true);
                for t in select distinct l.relation::regclass::text from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
                          where l.granted and l.mode = 'ShareUpdateExclusiveLock' and l.pid <> pg_backend_pid() and l.database = (select oid from pg_database where datname = current_database())
                            and c.relkind = 'r' and n.nspname in ('platform', 'events', 'tickets', 'identity')
                loop
                    begin
                        execute format('lock table %s in share update exclusive mode', t);
                    exception when lock_not_available or deadlock_detected then
                        null;   -- somebody builds an index or vacuums by hand: they are waited for
                    end;
                end loop;
            end
            $$
            """, Connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops those of the indexes that an interrupted build left invalid: `if not exists` would take them for done.</summary>
    public async Task DropInvalidAsync(IReadOnlyList<IndexName> indexes, CancellationToken cancellationToken)
    {
        if (indexes.Count == 0) return;
        await using var find = new NpgsqlCommand("""
            select format('drop index concurrently if exists %I.%I', namespace.nspname, class.relname)
              from pg_catalog.pg_index as index
              join pg_catalog.pg_class as class on class.oid = index.indexrelid
              join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
             where not index.indisvalid
               and (namespace.nspname, class.relname) in (select * from unnest(@schemas, @names))
            """, Connection);
        find.Parameters.AddWithValue("schemas", indexes.Select(index => index.Schema).ToArray());
        find.Parameters.AddWithValue("names", indexes.Select(index => index.Name).ToArray());
        var drops = new List<string>();
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken)) drops.Add(reader.GetString(0));
        foreach (var drop in drops)
        {
            await using var command = new NpgsqlCommand(drop, Connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    // Not pooled: closing must end the session, and with it the role and the lock. No command timeout: an index takes its time.
    // The detail of an error names the rows that someone must now mend.
    private static string ForMigrating(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "admitone-migrate",
        Pooling = false,
        Multiplexing = false,
        Enlist = false,
        CommandTimeout = 0,
        IncludeErrorDetail = true,
    }.ConnectionString;
}
