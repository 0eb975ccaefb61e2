using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Outbox;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>
/// The service's database. Every transaction names the tenant it works for: without it row-level security shows nothing and refuses writes.
/// </summary>
public sealed class Database
{
    /// <summary>How long one statement of a report or of a sweep may take; other statements have <c>DB_STATEMENT_TIMEOUT_MS</c>.</summary>
    public static readonly TimeSpan LongestReport = TimeSpan.FromSeconds(30);

    private readonly NpgsqlDataSource _source;
    private readonly OutboxBells _bells;
    private readonly ChangeNews _news;
    private readonly DatabaseMetrics _metrics;
    private readonly SlowCommandMetrics _slow;
    private readonly KeyedWork? _keyed;

    public Database(NpgsqlDataSource source, OutboxBells bells, ChangeNews news, DatabaseMetrics metrics, SlowCommandMetrics slow) => (_source, _bells, _news, _metrics, _slow) = (source, bells, news, metrics, slow);

    private Database(Database other, KeyedWork keyed) : this(other._source, other._bells, other._news, other._metrics, other._slow) => _keyed = keyed;

    /// <summary>A handler's database. Of a request with an Idempotency-Key, what it commits is committed together with its answer.</summary>
    public static ValueTask<Database?> BindAsync(HttpContext context) => ValueTask.FromResult<Database?>(Of(context));

    /// <summary>The same, for a handler that is asked too often to have it bound.</summary>
    public static Database Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var database = context.RequestServices.GetRequiredService<Database>();
        return context.Items[KeyedWork.Item] is KeyedWork keyed ? new Database(database, keyed) : database;
    }

    /// <summary>Begins a READ COMMITTED transaction for one tenant. It is rolled back unless it is committed.</summary>
    public Task<TenantWork> BeginAsync(Guid tenantId, CancellationToken cancellationToken) =>
        _keyed is null ? BeginPlainAsync(tenantId, cancellationToken) : _keyed.BeginAsync(tenantId, () => BeginPlainAsync(tenantId, cancellationToken), cancellationToken);

    /// <summary>
    /// Begins a read-only look into the public catalogue: events that any visitor may see, of every tenant, and nothing else. What lies below
    /// an event is then read as its tenant (<see cref="TenantWork.ActAsAsync"/>).
    /// </summary>
    public Task<TenantWork> BeginCatalogueAsync(CancellationToken cancellationToken) =>
        BeginAsync("select set_config('app.scope', 'catalogue', true), set_config('transaction_read_only', 'on', true)", null, Guid.Empty, cancellationToken);

    /// <summary>The same look, at which a tenant's manager also sees everything of their own: drafts, private events, and what lies below.</summary>
    public Task<TenantWork> BeginCatalogueAsync(Guid ownTenantId, CancellationToken cancellationToken) => BeginAsync(
        "select set_config('app.scope', 'catalogue', true), set_config('app.tenant_id', @ownTenantId::text, true), set_config('transaction_read_only', 'on', true)",
        new { ownTenantId }, ownTenantId, cancellationToken);

    /// <summary>Reads as one tenant, each query in a trip of its own. What a request with an Idempotency-Key has not committed yet is not seen.</summary>
    public TenantLook Look(Guid tenantId) => new(tenantId, "", OpenAsync, _slow);

    /// <summary>The same of the public catalogue, as <see cref="BeginCatalogueAsync(CancellationToken)"/>.</summary>
    public TenantLook LookIntoCatalogue() => new(Guid.Empty, "catalogue", OpenAsync, _slow);

    /// <summary>
    /// Runs one statement that is a transaction by itself, in one trip. It is not for what a request with an Idempotency-Key does, nor for what is told or audited:
    /// those need a <see cref="TenantWork"/>.
    /// </summary>
    /// <returns>The first row that it returns, or null if it returns none.</returns>
    public Task<T?> WriteAloneAsync<T>(Guid tenantId, string sql, object? parameters, CancellationToken cancellationToken)
    {
        var all = new DynamicParameters(parameters);
        all.Add("asTenant", tenantId.ToString());
        return _slow.WatchAsync(OneTrip.AskAsync(OpenAsync, "select set_config('app.tenant_id', @asTenant, true)", sql, all,
            answers => answers.IsConsumed ? Task.FromResult<T?>(default) : answers.ReadFirstOrDefaultAsync<T>(), cancellationToken));
    }

    /// <summary>Runs one of the narrow functions that work for all tenants begins in.</summary>
    public async Task<IReadOnlyList<T>> AskForAllTenantsAsync<T>(string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>
    /// The same, for what takes a few rows out of tables that fill and empty: planned while one was empty, it would otherwise compare each row with
    /// each when it is full. (That all of a table is read, the services' roles refuse for every statement.)
    /// </summary>
    public async Task<IReadOnlyList<T>> AskByKeyForAllTenantsAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) => (await OneTrip.AskAsync(OpenAsync,
        "select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)",
        sql, parameters, answers => answers.ReadAsync<T>(), cancellationToken)).AsList();

    /// <summary>The same, with the time of a sweep: a worker waits for it, and no caller.</summary>
    public async Task<IReadOnlyList<T>> SweepForAllTenantsAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) => (await OneTrip.AskAsync(OpenAsync,
        $"select set_config('statement_timeout', '{LongestReport.TotalMilliseconds}', true)", sql, parameters, answers => answers.ReadAsync<T>(), cancellationToken, LongestReport)).AsList();

    private Task<TenantWork> BeginPlainAsync(Guid tenantId, CancellationToken cancellationToken) =>
        BeginAsync("select set_config('app.tenant_id', @tenantId::text, true)", new { tenantId }, tenantId, cancellationToken);

    private async Task<TenantWork> BeginAsync(string setUp, object? parameters, Guid tenantId, CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(setUp, parameters, transaction, cancellationToken: cancellationToken));
            return new TenantWork(connection, transaction, tenantId, _bells.Told, _news, _slow);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _source.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            _metrics.NotConnected(fault);
            throw;
        }
    }
}
