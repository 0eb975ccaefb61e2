using System.Collections.Concurrent;
using AdmitOne.Platform.Redis;

namespace AdmitOne.Platform.Caching;

/// <summary>
/// Which tenants changed something lately: known at once in the process that did it, over Redis in the others. Whoever does not hear it trusts
/// what it remembers for a second and no longer.
/// </summary>
public sealed class ChangeNews(RedisStore redis, TimeProvider clock)
{
    /// <summary>How long a cached answer is believed without asking.</summary>
    public static readonly TimeSpan Trusted = TimeSpan.FromSeconds(1);

    private const string Channel = "admitone:changed";
    private const int MaxKept = 10_000;

    private readonly ConcurrentDictionary<Guid, long> _tenants = new();
    private long _any;

    /// <summary>Something of this tenant was committed that the public may see.</summary>
    public void Changed(Guid tenantId)
    {
        Hear(tenantId);
        _ = redis.PublishAsync(Channel, tenantId.ToString("n"));
    }

    /// <summary>Whether what was read at this time may still be shown.</summary>
    public bool IsFresh(CachedAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.ReadAt < clock.GetUtcNow().UtcTicks - Trusted.Ticks) return false;
        return answer.TenantId is { } tenantId ? !_tenants.TryGetValue(tenantId, out var changed) || answer.ReadAt > changed : answer.ReadAt > Volatile.Read(ref _any);
    }

    internal Task ListenAsync() => redis.SubscribeAsync(Channel, message =>
    {
        if (Guid.TryParseExact(message, "n", out var tenantId)) Hear(tenantId);
    });

    private void Hear(Guid tenantId)
    {
        var now = clock.GetUtcNow().UtcTicks;
        // What changed longer ago than an answer is trusted need not be remembered.
        if (_tenants.Count >= MaxKept)
            foreach (var (tenant, at) in _tenants)
                if (at < now - Trusted.Ticks) _tenants.TryRemove(tenant, out _);
        _tenants[tenantId] = now;
        Volatile.Write(ref _any, now);
    }
}
