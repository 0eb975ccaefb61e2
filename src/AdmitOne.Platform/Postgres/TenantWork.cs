using AdmitOne.Platform.Outbox;
using Dapper;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>One transaction for one tenant. Disposing it rolls back whatever was not committed.</summary>
public sealed class TenantWork(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid tenantId, Bell told) : IAsyncDisposable
{
    private readonly List<Action> _afterCommit = [];
    private bool _hasTold;

    /// <summary>Whose rows are seen; of a look into the catalogue, empty.</summary>
    public Guid TenantId { get; private set; } = tenantId;

    public NpgsqlConnection Connection => connection;

    public NpgsqlTransaction Transaction => transaction;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<T>(Command(sql, parameters, cancellationToken))).AsList();

    public Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.QueryFirstOrDefaultAsync<T>(Command(sql, parameters, cancellationToken));

    /// <returns>How many rows the statement touched.</returns>
    public Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Command(sql, parameters, cancellationToken));

    /// <summary>Goes on as this tenant, leaving the catalogue.</summary>
    public Task ActAsAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        TenantId = tenantId;
        return ExecuteAsync("select set_config('app.scope', '', true), set_config('app.tenant_id', @tenantId::text, true)", new { tenantId }, cancellationToken);
    }

    /// <summary>Runs once the transaction has committed, and never if it does not. It must be quick and cannot fail the request any more.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await transaction.CommitAsync(cancellationToken);
        if (_hasTold) told.Ring();
        foreach (var action in _afterCommit) action();
    }

    internal void WakeSequencer() => _hasTold = true;

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, transaction, cancellationToken: cancellationToken);
}
