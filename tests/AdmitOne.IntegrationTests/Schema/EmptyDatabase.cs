using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>A database of its own for one test, with AdmitOne's roles and nothing in it.</summary>
internal sealed class EmptyDatabase : IAsyncDisposable
{
    private readonly NpgsqlConnection _admin;

    private EmptyDatabase(string name)
    {
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(Server) { Database = name, Pooling = false }.ConnectionString;
        _admin = new NpgsqlConnection(ConnectionString);
    }

    /// <summary>A server on which the tests may do anything, as its superuser.</summary>
    public static string Server => Stack.Current.Postgres.ConnectionString("postgres");

    public string Name { get; }

    public string ConnectionString { get; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static string NewName() => $"schema_test_{Guid.CreateVersion7():n}";

    public static async Task<EmptyDatabase> MakeAsync()
    {
        var database = new EmptyDatabase(NewName());
        await DatabaseRoles.EnsureAsync(Server, database.Name, new Dictionary<string, string>(), Cancellation);
        await database._admin.OpenAsync(Cancellation);
        return database;
    }

    public Migrator Migrator(MigrationSet? set = null, Action<string>? report = null) => new(ConnectionString, set ?? ShopMigrations.Set, report);

    /// <summary>As the superuser, whom no policy binds.</summary>
    public Task<T> AskAsync<T>(string sql) => _admin.QuerySingleAsync<T>(sql);

    public Task DoAsync(string sql) => _admin.ExecuteAsync(sql);

    /// <summary>Keeps a snapshot open: an index that is built concurrently waits for it, invalid, for as long as it stays.</summary>
    public async Task<NpgsqlConnection> HoldSnapshotAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(Cancellation);
        await connection.ExecuteAsync("begin isolation level repeatable read; select count(*) from shop.orders");
        return connection;
    }

    public async Task UntilAsync(string sql)
    {
        while (!await AskAsync<bool>(sql)) await Task.Delay(20, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _admin.DisposeAsync();
        await DropAsync(Name);
    }

    public static async Task DropAsync(string name)
    {
        await using var server = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server) { Pooling = false }.ConnectionString);
        await server.OpenAsync(CancellationToken.None);
        await server.ExecuteAsync($"drop database if exists \"{name}\" with (force)");
    }
}
