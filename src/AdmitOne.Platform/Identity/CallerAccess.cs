using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Tenancy;

namespace AdmitOne.Platform.Identity;

/// <summary>Checks again whether a caller may act, for what outlives the check of its request: streams, packs, long exports.</summary>
public sealed class CallerAccess(TenantDirectory tenants, RevokedTokens revoked, ServiceDefinition definition, TimeProvider clock)
{
    /// <summary>False if the token was revoked or has ended, or its tenant may not act. A database that does not answer is an exception.</summary>
    public async ValueTask<bool> IsAllowedAsync(Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.TokenEndsAt != DateTimeOffset.MaxValue && clock.GetUtcNow() >= caller.TokenEndsAt + IdentitySetup.ClockSkew) return false;
        if (definition.SchemaVersion == 0) return true;
        return await IsActiveAsync(caller.TenantId, cancellationToken) && !await revoked.IsRevokedAsync(caller.TenantId, caller.TokenId, cancellationToken);
    }

    /// <summary>Whether a tenant may act.</summary>
    public async ValueTask<bool> IsActiveAsync(Guid tenantId, CancellationToken cancellationToken) =>
        await tenants.FindStatusAsync(tenantId, cancellationToken) == TenantStatus.Active;

    /// <summary>Checks a caller every few seconds from now on.</summary>
    /// <param name="cancellationToken">Ends the returned access too.</param>
    public OpenAccess Watch(Caller caller, CancellationToken cancellationToken) => Watch(check => IsAllowedAsync(caller, check), cancellationToken);

    /// <param name="isAllowed">Such as a scanner's own check.</param>
    /// <param name="cancellationToken">Ends the returned access too.</param>
    public OpenAccess Watch(Func<CancellationToken, ValueTask<bool>> isAllowed, CancellationToken cancellationToken) => new(isAllowed, clock, cancellationToken);
}

/// <summary>
/// What a long call is made with: its token is cancelled when access is withdrawn, or when that could not be checked for so long that the next check would come
/// too late. All of it is within 30 seconds. Dispose it when the call is over.
/// </summary>
public sealed class OpenAccess : IAsyncDisposable
{
    private static readonly TimeSpan s_each = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestUnchecked = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _ends;
    private readonly Task _watching;

    internal OpenAccess(Func<CancellationToken, ValueTask<bool>> isAllowed, TimeProvider clock, CancellationToken cancellationToken)
    {
        _ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Ends = _ends.Token;
        _watching = WatchAsync(isAllowed, clock);
    }

    public CancellationToken Ends { get; }

    /// <summary>Whether it ended because access was withdrawn.</summary>
    public bool IsWithdrawn { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _watching;
        _ends.Dispose();
    }

    private async Task WatchAsync(Func<CancellationToken, ValueTask<bool>> isAllowed, TimeProvider clock)
    {
        var checkedAt = clock.GetTimestamp();
        while (true)
        {
            await Task.Delay(s_each, clock, Ends).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Ends.IsCancellationRequested) return;
            var at = clock.GetTimestamp();
            bool? answer = null;
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ends);
                limit.CancelAfter(s_each);
                answer = await isAllowed(limit.Token);
            }
            catch (Exception) when (!Ends.IsCancellationRequested)
            {
                // Not known: the database does not answer, or not in time.
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (answer == true) checkedAt = at;
            else if (answer == false || clock.GetElapsedTime(checkedAt) >= s_longestUnchecked)
            {
                IsWithdrawn = true;
                await _ends.CancelAsync();
                return;
            }
        }
    }
}
