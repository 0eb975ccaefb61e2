using System.Collections.Concurrent;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Tenancy;

public enum TenantStatus { Active, Suspended }

/// <summary>Which tenants exist and may act. An answer is kept for a few seconds, so a suspension takes effect within them.</summary>
public sealed class TenantDirectory(Database database, TimeProvider clock)
{
    private const int MaxKept = 10_000;
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, (TenantStatus? Status, long At)> _known = new();

    /// <returns>Null for a tenant that does not exist.</returns>
    public async ValueTask<TenantStatus?> FindStatusAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(tenantId, out var known) && clock.GetElapsedTime(known.At) < s_keep) return known.Status;

        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var word = await work.FindAsync<string>("select status from platform.tenants where id = @tenantId", new { tenantId }, cancellationToken);
        TenantStatus? status = word switch { null => null, "active" => TenantStatus.Active, _ => TenantStatus.Suspended };

        if (_known.Count >= MaxKept) _known.Clear();   // a flood of invented tenants must not fill the memory
        _known[tenantId] = (status, clock.GetTimestamp());
        return status;
    }
}
