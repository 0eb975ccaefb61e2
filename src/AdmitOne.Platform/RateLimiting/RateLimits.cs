using System.Collections.Concurrent;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Redis;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>What one key may do.</summary>
/// <param name="Max">Calls in one window.</param>
/// <param name="Ahead">So many of them may be taken out of the window ahead of time, so that most need not ask Redis; 1: each is asked about.</param>
/// <param name="IsGivenBack">Calls may be given back: a key that is full may have room again before its oldest call leaves the window.</param>
public readonly record struct LimitRule(int Max, int WindowMs, int Ahead = 1, bool IsGivenBack = false);

/// <summary>
/// Counts calls: exactly, in Redis, over all replicas of a service. A key that is full is remembered until its oldest call leaves the window,
/// so that a flood costs Redis nothing; while Redis is away the same log is kept in the process.
/// </summary>
internal sealed partial class RateLimits(RedisStore redis, TimeProvider clock, RateLimitMetrics metrics, ServiceDefinition service, ILogger<RateLimits> logger)
{
    private const int MaxFull = 100_000;
    private const int AskAgainMs = 500;   // about a full key whose calls may be given back on another replica
    private static readonly TimeSpan s_leaveAlone = TimeSpan.FromSeconds(1);

    private readonly SharedCounts _shared = new(redis, $"calls:{service.Name}:");
    private readonly SlidingLog _own = new(clock);
    private readonly LeasedTokens _leases = new(clock);
    private readonly ConcurrentDictionary<string, (long Since, long ResetMs, long KeptMs, int Max)> _full = new();
    private long _awaySince;   // 0 while Redis answers

    public ValueTask<LimitAnswer> SpendAsync(string key, LimitRule rule)
    {
        if (rule.Ahead <= 1) return SpendAsync(key, rule, wanted: 1);
        if (!_leases.TryTake(key, rule, out var taken)) return LeaseAsync(key, rule);
        metrics.Decided(RateLimitMetrics.Leased);
        return new ValueTask<LimitAnswer>(taken);
    }

    /// <summary>Takes a call that was counted out of the count again.</summary>
    /// <param name="answer">What counted it.</param>
    public async ValueTask GiveBackAsync(string key, LimitRule rule, LimitAnswer answer)
    {
        if (rule.Ahead > 1)
        {
            _leases.GiveBack(key);
            return;
        }
        if (answer.IsOwn) _own.GiveBack(key, answer.At);
        else await _shared.GiveBackAsync(key, answer.At);
        _full.TryRemove(key, out _);
    }

    /// <summary>Where a key stands whose calls are taken ahead, without counting one; as if it had made none, where nothing is known of it.</summary>
    public LimitAnswer Look(string key, LimitRule rule) => _leases.Look(key) ?? new LimitAnswer(1, rule.Max, rule.WindowMs);

    private async ValueTask<LimitAnswer> LeaseAsync(string key, LimitRule rule)
    {
        var (answer, fromLease) = await _leases.SpendAsync(key, rule, wanted => SpendAsync(key, rule, wanted));
        if (fromLease) metrics.Decided(RateLimitMetrics.Leased);
        return answer;
    }

    private async ValueTask<LimitAnswer> SpendAsync(string key, LimitRule rule, int wanted)
    {
        if (_full.TryGetValue(key, out var full))
        {
            var age = (long)clock.GetElapsedTime(full.Since).TotalMilliseconds;
            if (age < full.KeptMs && rule.Max <= full.Max)   // an organiser that was given more is asked about at once
            {
                metrics.Decided(RateLimitMetrics.Remembered);
                return new LimitAnswer(0, 0, full.ResetMs - age);
            }
            _full.TryRemove(key, out _);
        }
        var answer = await AskAsync(key, rule, wanted);
        if (answer.Granted == 0)
        {
            if (_full.Count >= MaxFull) _full.Clear();   // they are asked about again; nobody gets more by it
            _full[key] = (clock.GetTimestamp(), answer.ResetMs, rule.IsGivenBack ? Math.Min(answer.ResetMs, AskAgainMs) : answer.ResetMs, rule.Max);
        }
        return answer;
    }

    private async Task<LimitAnswer> AskAsync(string key, LimitRule rule, int wanted)
    {
        var away = Interlocked.Read(ref _awaySince);
        if (away == 0 || clock.GetElapsedTime(away) >= s_leaveAlone)
        {
            // One call in a second finds out whether Redis is back; the others must not wait for it.
            if (away != 0 && Interlocked.CompareExchange(ref _awaySince, clock.GetTimestamp(), away) != away) return Own(key, rule, wanted);
            if (await _shared.SpendAsync(key, rule, wanted) is { } counted)
            {
                if (Interlocked.Exchange(ref _awaySince, 0) != 0) Back();
                metrics.Decided(RateLimitMetrics.Shared);
                return counted;
            }
            if (Interlocked.Exchange(ref _awaySince, Math.Max(clock.GetTimestamp(), 1)) == 0) TookOver();
        }
        return Own(key, rule, wanted);
    }

    private LimitAnswer Own(string key, LimitRule rule, int wanted)
    {
        metrics.Decided(RateLimitMetrics.Fallback);
        return _own.Spend(key, rule, wanted);
    }

    [LoggerMessage(EventId = 1701, Level = LogLevel.Warning, Message = "Redis is away: each replica limits calls by itself")]
    private partial void TookOver();

    [LoggerMessage(EventId = 1702, Level = LogLevel.Information, Message = "Redis is back: calls are limited over all replicas again")]
    private partial void Back();
}
