using System.Collections.Concurrent;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Tenancy;

public enum TenantStatus { Active, Suspended }

/// <summary>What is known of a tenant with each of its calls.</summary>
/// <param name="LimitMultiplier">Every rate limit of its people times this.</param>
internal sealed record TenantStanding(TenantStatus Status, double LimitMultiplier);

/// <summary>Which tenants exist and may act. An answer is kept for a few seconds, so a suspension takes effect within them.</summary>
public sealed class TenantDirectory(Database database, TimeProvider clock)
{
    /// <summary>The platform's own tenant, whose administrators keep the others.</summary>
    public static readonly Guid Platform = Guid.Parse("00000000-0000-7000-8000-000000000001");

    private const int MaxKept = 10_000;
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(5);

    /// <summary>Where a request keeps the multiplier of its caller's tenant.</summary>
    internal static readonly object MultiplierItem = new();

    private readonly ConcurrentDictionary<Guid, (TenantStanding? Standing, long At)> _known = new();

    /// <returns>Null for a tenant that does not exist.</returns>
    public async ValueTask<TenantStatus?> FindStatusAsync(Guid tenantId, CancellationToken cancellationToken) =>
        (await FindAsync(tenantId, cancellationToken))?.Status;

    /// <returns>Null for a tenant that does not exist.</returns>
    internal async ValueTask<TenantStanding?> FindAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(tenantId, out var known) && clock.GetElapsedTime(known.At) < s_keep) return known.Standing;

        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var row = await work.FindAsync<Row>("select status, limit_multiplier from platform.tenants where id = @tenantId", new { tenantId }, cancellationToken);
        var standing = row is null ? null : new TenantStanding(row.Status == "active" ? TenantStatus.Active : TenantStatus.Suspended, (double)row.LimitMultiplier);

        if (_known.Count >= MaxKept) _known.Clear();   // a flood of invented tenants must not fill the memory
        _known[tenantId] = (standing, clock.GetTimestamp());
        return standing;
    }

    private sealed record Row(string Status, decimal LimitMultiplier);
}
