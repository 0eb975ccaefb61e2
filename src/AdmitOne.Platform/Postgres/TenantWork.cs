using System.Data;
using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Outbox;
using Dapper;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>One transaction for one tenant. Disposing it rolls back whatever was not committed.</summary>
public sealed class TenantWork(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid tenantId, Bell told, ChangeNews news, SlowCommandMetrics slow) : ITenantReader, IAsyncDisposable
{
    private static readonly string s_reportSettings = $"""
        set_config('statement_timeout', '{Database.LongestReport.TotalMilliseconds}', true), set_config('work_mem', '64MB', true),
        set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_nestloop', 'off', true)
        """;

    private readonly List<Action> _afterCommit = [];
    private bool _hasTold;
    private HashSet<Guid>? _changed;   // the resources; null if nothing has
    private bool _isCommitted;
    private KeyedWork? _holder;
    private TenantWork? _outer;
    private string _savepoint = "";
    private int _nested;
    private int? _longestSeconds;

    /// <inheritdoc/>
    public Guid TenantId { get; private set; } = tenantId;

    public NpgsqlConnection Connection => connection;

    public NpgsqlTransaction Transaction => transaction;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        (await slow.WatchAsync(connection.QueryAsync<T>(Command(sql, parameters, cancellationToken)))).AsList();

    public Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        slow.WatchAsync(connection.QueryFirstOrDefaultAsync<T>(Command(sql, parameters, cancellationToken)));

    /// <returns>How many rows the statement touched.</returns>
    public Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken) =>
        slow.WatchAsync(connection.ExecuteAsync(Command(sql, parameters, cancellationToken)));

    /// <summary>
    /// Lets the transaction be idle for longer than <c>DB_IDLE_IN_TRANSACTION_MS</c>: for one that holds no lock that a sale needs and waits for what is not the database.
    /// </summary>
    public Task AllowIdleAsync(TimeSpan longest, CancellationToken cancellationToken) => ExecuteAsync("select set_config('idle_in_transaction_session_timeout', @longest, true)",
        new { longest = ((long)longest.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture) }, cancellationToken);

    /// <summary>Goes on as this tenant, leaving the catalogue.</summary>
    public Task ActAsAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        TenantId = tenantId;
        return ExecuteAsync("select set_config('app.scope', '', true), set_config('app.tenant_id', @tenantId::text, true)", new { tenantId }, cancellationToken);
    }

    /// <summary>
    /// From here on a statement may take as long as a report needs, with memory to join a whole event; each is planned for its own parameters, and not by
    /// comparing each row with each, which is what PostgreSQL takes for best before it has counted a fast sale. It ends with the transaction.
    /// </summary>
    public Task BecomeReportAsync(CancellationToken cancellationToken)
    {
        _longestSeconds = (int)Database.LongestReport.TotalSeconds + 1;
        return ExecuteAsync($"select {s_reportSettings}", null, cancellationToken);
    }

    /// <summary>Runs once the transaction has committed, and never if it does not. It must be quick and cannot fail the request any more.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        _isCommitted = true;
        if (_outer is not null)
        {
            await transaction.ReleaseAsync(_savepoint, cancellationToken);
            _outer._hasTold |= _hasTold;
            if (_changed is not null) (_outer._changed ??= []).UnionWith(_changed);
            _outer._afterCommit.AddRange(_afterCommit);
        }
        else if (_holder is not null)
        {
            _holder.Hold(this);
        }
        else
        {
            await CommitForGoodAsync(cancellationToken);
        }
    }

    internal void WakeSequencer() => _hasTold = true;

    /// <summary>What is audited or told has changed: copies of it are not to be believed after the commit.</summary>
    internal void HasChanged(Guid resourceId) => (_changed ??= []).Add(resourceId);

    /// <summary>From here on a commit waits for the request's answer.</summary>
    internal void HoldFor(KeyedWork holder) => _holder = holder;

    /// <summary>More work in the transaction that is held: its commit is a part of that one's.</summary>
    internal async Task<TenantWork> NestAsync(CancellationToken cancellationToken)
    {
        var nested = new TenantWork(connection, transaction, TenantId, told, news, slow) { _outer = this, _savepoint = $"nested_{++_nested}" };
        await transaction.SaveAsync(nested._savepoint, cancellationToken);
        return nested;
    }

    internal async Task CommitHeldAsync()
    {
        await CommitForGoodAsync(CancellationToken.None);
        await RollBackHeldAsync();
    }

    /// <summary>Gives the connection back; what was not committed is undone.</summary>
    internal async ValueTask RollBackHeldAsync()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        catch (Exception) when (connection.State != ConnectionState.Open)
        {
            // The server ended the session, and with it the transaction.
        }
        await connection.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_outer is not null)
        {
            if (!_isCommitted) await transaction.RollbackAsync(_savepoint, CancellationToken.None);
            return;
        }
        if (_holder is not null)
        {
            if (_isCommitted) return;   // its holder ends it
            _holder.LetGo();
        }
        await RollBackHeldAsync();
    }

    private async Task CommitForGoodAsync(CancellationToken cancellationToken)
    {
        await transaction.CommitAsync(cancellationToken);
        if (_hasTold) told.Ring();
        if (_changed is not null) news.Changed(TenantId, _changed);
        foreach (var action in _afterCommit) action();
    }

    private CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, transaction, _longestSeconds, cancellationToken: cancellationToken);
}
