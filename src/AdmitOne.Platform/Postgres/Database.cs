using AdmitOne.Platform.Outbox;
using Dapper;
using Npgsql;

namespace AdmitOne.Platform.Postgres;

/// <summary>
/// The service's database. Every transaction names the tenant it works for: without it row-level security shows nothing and refuses writes.
/// </summary>
public sealed class Database(NpgsqlDataSource source, OutboxBells bells)
{
    /// <summary>Begins a READ COMMITTED transaction for one tenant. It is rolled back unless it is committed.</summary>
    public Task<TenantWork> BeginAsync(Guid tenantId, CancellationToken cancellationToken) =>
        BeginAsync("select set_config('app.tenant_id', @tenantId::text, true)", new { tenantId }, tenantId, cancellationToken);

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

    /// <summary>Runs one of the narrow functions that work for all tenants begins in.</summary>
    public async Task<IReadOnlyList<T>> AskForAllTenantsAsync<T>(string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
    }

    private async Task<TenantWork> BeginAsync(string setUp, object? parameters, Guid tenantId, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(setUp, parameters, transaction, cancellationToken: cancellationToken));
            return new TenantWork(connection, transaction, tenantId, bells.Told);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
