using System.Diagnostics.Metrics;
using AdmitOne.Platform.Http;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>Calls that a limit refused, and who decided about each.</summary>
public sealed class RateLimitMetrics
{
    internal const string Shared = "redis";
    internal const string Leased = "lease";
    internal const string Remembered = "remembered";
    internal const string Fallback = "process";

    private readonly Counter<long> _refused;
    private readonly Counter<long> _decided;

    public RateLimitMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.RateLimits");
        _refused = meter.CreateCounter<long>("admitone.calls.limited", "{call}", "Calls answered 429, by tier.");
        _decided = meter.CreateCounter<long>("admitone.limits.decided", "{call}",
            "Calls that a limit looked at, by who decided: Redis, a lease taken from it, a refusal it gave that still holds, or the process alone because Redis was away.");
        foreach (var tier in Enum.GetValues<RateTier>()) _refused.Add(0, Tag(tier));
        foreach (var by in new[] { Shared, Leased, Remembered, Fallback }) _decided.Add(0, new KeyValuePair<string, object?>("by", by));
    }

    public void Refused(RateTier tier) => _refused.Add(1, Tag(tier));

    public void Decided(string by) => _decided.Add(1, new KeyValuePair<string, object?>("by", by));

    private static KeyValuePair<string, object?> Tag(RateTier tier) => new("tier", RateLimitOptions.Word(tier).ToLowerInvariant());
}
