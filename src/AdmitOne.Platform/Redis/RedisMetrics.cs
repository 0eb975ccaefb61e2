using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Redis;

/// <summary>Calls to Redis, and whether it answers.</summary>
public sealed class RedisMetrics
{
    private const int NotKnown = -1;
    private static readonly KeyValuePair<string, object?>[] s_kinds = Array.ConvertAll(Enum.GetValues<RedisCall>(), kind => new KeyValuePair<string, object?>("kind", kind.ToString().ToLowerInvariant()));
    private static readonly KeyValuePair<string, object?> s_answered = new("outcome", "answered");
    private static readonly KeyValuePair<string, object?> s_away = new("outcome", "away");

    private readonly Counter<long> _called;
    private volatile int _up = NotKnown;

    public RedisMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Redis");
        _called = meter.CreateCounter<long>("admitone.redis.called", "{call}", "Calls to Redis by kind, and whether it answered within 100 ms.");
        meter.CreateObservableGauge("admitone.redis.up", () => _up == NotKnown ? [] : new Measurement<int>[] { new(_up) }, "1", "1 if Redis answered the last ping, made each 5 s; 0 if it did not.");
        foreach (var kind in Enum.GetValues<RedisCall>())
        {
            Add(kind, s_answered, 0);
            Add(kind, s_away, 0);
        }
    }

    internal void Answered(RedisCall kind) => Add(kind, s_answered, 1);

    internal void Away(RedisCall kind) => Add(kind, s_away, 1);

    internal void Up(bool isUp) => _up = isUp ? 1 : 0;

    private void Add(RedisCall kind, KeyValuePair<string, object?> outcome, long calls) => _called.Add(calls, s_kinds[(int)kind], outcome);
}

/// <summary>What is asked of Redis.</summary>
internal enum RedisCall { Get, Set, Script, Ping, Publish }
