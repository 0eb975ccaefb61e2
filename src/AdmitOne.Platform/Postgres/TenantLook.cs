using Dapper;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>Reads rows as one tenant: in a transaction (<see cref="TenantWork"/>) or at single looks (<see cref="TenantLook"/>).</summary>
public interface ITenantReader
{
    /// <summary>Whose rows are seen; of a look into the catalogue, empty.</summary>
    Guid TenantId { get; }

    Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken);

    /// <returns>The first row, or null if there is none.</returns>
    Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken cancellationToken);
}

/// <summary>
/// Reads as one tenant. Each query takes a connection for itself and goes to PostgreSQL in one trip, together with the words that say for whom: the two are
/// one read-only transaction. A <see cref="TenantWork"/> needs a trip to begin and one to end besides. Neither promises that two queries see the same moment.
/// </summary>
public sealed class TenantLook : ITenantReader
{
    private const string Settings = "select set_config('app.scope', @asScope, true), set_config('app.tenant_id', @asTenant, true), set_config('transaction_read_only', 'on', true)";

    private readonly Func<CancellationToken, Task<NpgsqlConnection>> _open;
    private readonly SlowCommandMetrics _slow;
    private readonly string _scope;

    internal TenantLook(Guid tenantId, string scope, Func<CancellationToken, Task<NpgsqlConnection>> open, SlowCommandMetrics slow) => (TenantId, _scope, _open, _slow) = (tenantId, scope, open, slow);

    public Guid TenantId { get; }

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        (await _slow.WatchAsync(AskAsync(sql, parameters, answers => answers.ReadAsync<T>(), cancellationToken))).AsList();

    public Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        _slow.WatchAsync(AskAsync(sql, parameters, answers => answers.ReadFirstOrDefaultAsync<T>(), cancellationToken));

    private Task<TResult> AskAsync<TResult>(string sql, object? parameters, Func<SqlMapper.GridReader, Task<TResult>> read, CancellationToken cancellationToken)
    {
        var all = new DynamicParameters(parameters);
        all.Add("asScope", _scope);
        all.Add("asTenant", TenantId == Guid.Empty ? "" : TenantId.ToString());
        return OneTrip.AskAsync(_open, Settings, sql, all, read, cancellationToken);
    }
}
