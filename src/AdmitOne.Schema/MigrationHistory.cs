using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace AdmitOne.Schema;

/// <summary>The table <c>platform.schema_migrations</c>, in plain SQL: EF's own would build a model for two columns.</summary>
internal sealed class MigrationHistory : IHistoryRepository
{
    /// <summary>Makes the table, and lets the services read how old the schema is before they call themselves ready.</summary>
    public const string CreateSql = """
        create schema if not exists platform;
        create table if not exists platform.schema_migrations (
            id text constraint schema_migrations_pkey primary key,
            product_version text not null,
            applied_at timestamptz not null default clock_timestamp());
        grant usage on schema platform to admitone_events, admitone_tickets, admitone_audit;
        grant select on platform.schema_migrations to admitone_events, admitone_tickets, admitone_audit;
        """;

    private readonly NpgsqlConnection _connection;

    public MigrationHistory(Microsoft.EntityFrameworkCore.Storage.IRelationalConnection connection) =>
        _connection = (NpgsqlConnection)connection.DbConnection;

    // The Migrator holds a session's lock on this very connection from before EF begins until after it ends.
    public LockReleaseBehavior LockReleaseBehavior => LockReleaseBehavior.Connection;

    /// <summary>The applied ids in order; empty where there is no table yet.</summary>
    public static async Task<IReadOnlyList<AppliedMigration>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("select id, applied_at from platform.schema_migrations order by id", connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var applied = new List<AppliedMigration>();
            while (await reader.ReadAsync(cancellationToken))
                applied.Add(new AppliedMigration(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)));
            return applied;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return [];
        }
    }

    public async Task<IReadOnlyList<HistoryRow>> GetAppliedMigrationsAsync(CancellationToken cancellationToken = default) =>
        [.. (await ReadAsync(_connection, cancellationToken)).Select(row => new HistoryRow(row.Id, ""))];

    public string GetInsertScript(HistoryRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return InsertSql(row.MigrationId);
    }

    public string GetDeleteScript(string migrationId) => $"delete from platform.schema_migrations where id = '{migrationId}';\n";

    public static string InsertSql(string id) =>
        $"insert into platform.schema_migrations (id, product_version) values ('{id}', '{ProductVersion}');\n";

    public string GetCreateScript() => CreateSql;

    public string GetCreateIfNotExistsScript() => CreateSql;

    public Task<bool> ExistsAsync(CancellationToken cancellationToken = default) => Task.FromResult(true);

    // The Migrator makes the table before it calls EF; there is nothing left to create.
    public bool Exists() => true;

    public void Create() { }

    public Task CreateAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public IMigrationsDatabaseLock AcquireDatabaseLock() => new HeldLock(this);

    public Task<IMigrationsDatabaseLock> AcquireDatabaseLockAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IMigrationsDatabaseLock>(new HeldLock(this));

    public IReadOnlyList<HistoryRow> GetAppliedMigrations() => throw OnlyAsync();

    public string GetBeginIfExistsScript(string migrationId) => throw OnlyAsync();

    public string GetBeginIfNotExistsScript(string migrationId) => throw OnlyAsync();

    public string GetEndIfScript() => throw OnlyAsync();

    private static string ProductVersion { get; } = typeof(MigrationHistory).Assembly.GetName().Version!.ToString(3);

    private static NotSupportedException OnlyAsync() => new("Migrator migrates asynchronously and writes its script itself.");

    private sealed class HeldLock(IHistoryRepository history) : IMigrationsDatabaseLock
    {
        public IHistoryRepository HistoryRepository => history;

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

internal sealed record AppliedMigration(string Id, DateTimeOffset AppliedAt);
