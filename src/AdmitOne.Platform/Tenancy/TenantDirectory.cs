using System.Collections.Concurrent;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Tenancy;

public enum TenantStatus { Active, Suspended }

/// <summary>What is known of a tenant with each of its calls.</summary>
/// <param name="LimitMultiplier">Every rate limit of its people times this.</param>
internal sealed record TenantStanding(TenantStatus Status, double LimitMultiplier);

/// <summary>
/// Which tenants exist and may act. An answer is kept for a few seconds, so a suspension takes effect within them. However many ask for the same tenant, one
/// reads it: all that go on in a rush are one tenant's, and come at the instant at which what was known has become old.
/// </summary>
public sealed class TenantDirectory(Database database, TimeProvider clock)
{
    /// <summary>The platform's own tenant, whose administrators keep the others.</summary>
    public static readonly Guid Platform = Guid.Parse("00000000-0000-7000-8000-000000000001");

    private const int MaxKept = 10_000;
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_renewAfter = TimeSpan.FromSeconds(4);

    /// <summary>Where a request keeps the multiplier of its caller's tenant.</summary>
    internal static readonly object MultiplierItem = new();

    private readonly ConcurrentDictionary<Guid, (TenantStanding? Standing, long At)> _known = new();
    private readonly ConcurrentDictionary<Guid, Lazy<Task<TenantStanding?>>> _reading = new();

    /// <returns>Null for a tenant that does not exist.</returns>
    public async ValueTask<TenantStatus?> FindStatusAsync(Guid tenantId, CancellationToken cancellationToken) =>
        (await FindAsync(tenantId, cancellationToken))?.Status;

    /// <returns>Null for a tenant that does not exist.</returns>
    internal ValueTask<TenantStanding?> FindAsync(Guid tenantId, CancellationToken cancellationToken) =>
        TryFind(tenantId, out var standing) ? new(standing) : new(ReadAsync(tenantId).WaitAsync(cancellationToken));

    /// <param name="standing">Null for a tenant that does not exist.</param>
    /// <returns>False if it has to be read first.</returns>
    internal bool TryFind(Guid tenantId, out TenantStanding? standing)
    {
        standing = null;
        if (!_known.TryGetValue(tenantId, out var known) || clock.GetElapsedTime(known.At) is var age && age >= s_keep) return false;
        // While it is still good nobody waits for the next.
        if (age >= s_renewAfter && !_reading.ContainsKey(tenantId)) _ = RenewAsync(tenantId);
        standing = known.Standing;
        return true;
    }

    // Its fault is that of whoever waits for the next.
    private async Task RenewAsync(Guid tenantId) => await ((Task)ReadAsync(tenantId)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    // The first of many reads for all of them; who has left does not stop it.
    private Task<TenantStanding?> ReadAsync(Guid tenantId) => _reading.GetOrAdd(tenantId, id => new(() => ReadAloneAsync(id))).Value;

    private async Task<TenantStanding?> ReadAloneAsync(Guid tenantId)
    {
        try
        {
            await Task.Yield();
            var at = clock.GetTimestamp();
            var row = await database.Look(tenantId).FindAsync<Row>("select status, limit_multiplier from platform.tenants where id = @tenantId", new { tenantId }, CancellationToken.None);
            var standing = row is null ? null : new TenantStanding(row.Status == "active" ? TenantStatus.Active : TenantStatus.Suspended, (double)row.LimitMultiplier);

            if (_known.Count >= MaxKept) _known.Clear();   // a flood of invented tenants must not fill the memory
            _known[tenantId] = (standing, at);
            return standing;
        }
        finally
        {
            _reading.TryRemove(tenantId, out _);
        }
    }

    private sealed record Row(string Status, decimal LimitMultiplier);
}
