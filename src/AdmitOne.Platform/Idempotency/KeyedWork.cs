using System.Text.Json;
using AdmitOne.Platform.Postgres;
using Npgsql;

namespace AdmitOne.Platform.Idempotency;

/// <summary>The key is somebody else's: another replica was a moment faster.</summary>
/// <param name="isRunning">It is not over yet.</param>
internal sealed class KeyTakenException(bool isRunning) : Exception("Another request with this key was faster.")
{
    public bool IsRunning => isRunning;
}

/// <summary>
/// The work of one request that has an Idempotency-Key. Its first transaction begins with the key's row; what the handler commits is held
/// open until the answer has been written, and then committed together with it. So there is no effect without its answer, and no answer
/// without its effect. What the handler begins after that goes into the same transaction.
/// </summary>
internal sealed class KeyedWork(IdempotencyKey key, Guid tenantId, Guid userId) : IAsyncDisposable
{
    internal static readonly object Item = new();

    private TenantWork? _held;
    private bool _claimed;

    /// <summary>Whether the handler has committed anything.</summary>
    public bool HasEffect => _held is not null;

    public async Task<TenantWork> BeginAsync(Guid forTenant, Func<Task<TenantWork>> begin, CancellationToken cancellationToken)
    {
        if (forTenant != tenantId) return await begin();
        if (_held is not null) return await _held.NestAsync(cancellationToken);
        var work = await begin();
        if (_claimed) return work;   // beside one that is still open, which has the key
        try
        {
            await ClaimAsync(work, cancellationToken);
        }
        catch
        {
            await work.DisposeAsync();
            throw;
        }
        _claimed = true;
        work.HoldFor(this);
        return work;
    }

    internal void Hold(TenantWork work) => _held = work;

    internal void LetGo() => _claimed = false;

    /// <summary>Commits the effect and its answer.</summary>
    public async Task KeepAsync(KeptAnswer answer)
    {
        await _held!.ExecuteAsync("""
            update platform.idempotency_keys
               set status = 'done', response_status = @Status, response_headers = @headers::jsonb, response_body = @Body
             where tenant_id = @tenantId and user_id = @userId and route = @Route and key = @Key
            """, new { answer.Status, headers = JsonSerializer.Serialize(answer.Headers), answer.Body, tenantId, userId, key.Route, key.Key }, CancellationToken.None);
        await _held.CommitHeldAsync();
    }

    /// <summary>Commits the effect of a request that was refused all the same; the key is free again.</summary>
    public async Task ForgetAsync()
    {
        await _held!.ExecuteAsync("delete from platform.idempotency_keys where tenant_id = @tenantId and user_id = @userId and route = @Route and key = @Key",
            new { tenantId, userId, key.Route, key.Key }, CancellationToken.None);
        await _held.CommitHeldAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_held is not null) await _held.RollBackHeldAsync();
    }

    // Before any other lock. Who has inserted it and has not committed is waited for only a moment.
    private async Task ClaimAsync(TenantWork work, CancellationToken cancellationToken)
    {
        try
        {
            await work.ExecuteAsync("select set_config('lock_timeout', '250ms', true)", null, cancellationToken);
            var mine = await work.ExecuteAsync("""
                insert into platform.idempotency_keys (tenant_id, user_id, route, key, fingerprint, status)
                values (@tenantId, @userId, @Route, @Key, @Fingerprint, 'running') on conflict do nothing
                """, new { tenantId, userId, key.Route, key.Key, key.Fingerprint }, cancellationToken);
            if (mine == 0) throw new KeyTakenException(isRunning: false);
            await work.ExecuteAsync("select set_config('lock_timeout', null, true)", null, cancellationToken);
        }
        catch (PostgresException waits) when (waits.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new KeyTakenException(isRunning: true);
        }
    }
}
