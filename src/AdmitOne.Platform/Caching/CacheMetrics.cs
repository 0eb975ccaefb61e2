using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Caching;

public sealed class CacheMetrics
{
    private static readonly string[] s_tiers = ["memory", "redis", "database"];

    private readonly Counter<long> _reads;

    public CacheMetrics(IMeterFactory meters)
    {
        _reads = meters.Create("AdmitOne.Caching").CreateCounter<long>("admitone.cache.reads", "{read}",
            "Public answers by where they were found: memory and redis are hits, database asked PostgreSQL.");
        foreach (var tier in s_tiers) _reads.Add(0, new KeyValuePair<string, object?>("tier", tier));
    }

    internal void Memory() => Read("memory");

    internal void Redis() => Read("redis");

    internal void Database() => Read("database");

    private void Read(string tier) => _reads.Add(1, new KeyValuePair<string, object?>("tier", tier));
}
