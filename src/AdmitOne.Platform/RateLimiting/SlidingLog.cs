using System.Collections.Concurrent;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>What a limit said to one call.</summary>
/// <param name="Granted">How many of the calls asked for are let through.</param>
/// <param name="Remaining">Calls left in the window.</param>
/// <param name="ResetMs">Until the oldest call that counts has left the window, and one more may be made.</param>
public readonly record struct LimitAnswer(int Granted, int Remaining, long ResetMs)
{
    /// <summary>When it was counted: milliseconds of Redis' clock, or a timestamp of the process that counted it alone.</summary>
    public long At { get; init; }

    /// <summary>Counted by this process alone, because Redis did not answer.</summary>
    public bool IsOwn { get; init; }
}

/// <summary>
/// The same sliding log that the Redis script keeps, inside this process: what takes over while Redis is away. Each replica then counts by
/// itself, so the sum is at most the limit times the replicas.
/// </summary>
internal sealed class SlidingLog(TimeProvider clock)
{
    private const int MaxKeys = 100_000;

    private readonly ConcurrentDictionary<string, Queue<long>> _calls = new();

    /// <summary>Counts up to <paramref name="wanted"/> calls of one key.</summary>
    public LimitAnswer Spend(string key, LimitRule rule, int wanted)
    {
        if (_calls.Count >= MaxKeys) Sweep(rule.WindowMs);
        var calls = _calls.GetOrAdd(key, _ => new Queue<long>());
        var now = clock.GetTimestamp();
        lock (calls)
        {
            while (calls.TryPeek(out var oldest) && clock.GetElapsedTime(oldest, now).TotalMilliseconds >= rule.WindowMs) calls.Dequeue();
            var granted = Math.Min(wanted, Math.Max(rule.Max - calls.Count, 0));
            for (var i = 0; i < granted; i++) calls.Enqueue(now);
            var reset = calls.TryPeek(out var first) ? rule.WindowMs - (long)clock.GetElapsedTime(first, now).TotalMilliseconds : rule.WindowMs;
            return new LimitAnswer(granted, Math.Max(rule.Max - calls.Count, 0), Math.Max(reset, 1)) { At = now, IsOwn = true };
        }
    }

    /// <summary>Takes one call out of the count again.</summary>
    /// <param name="at">When it was counted (<see cref="LimitAnswer.At"/>).</param>
    public void GiveBack(string key, long at)
    {
        if (!_calls.TryGetValue(key, out var calls)) return;
        lock (calls)
        {
            var isFound = false;
            for (var left = calls.Count; left > 0; left--)
            {
                var call = calls.Dequeue();
                if (call == at && !isFound) isFound = true;
                else calls.Enqueue(call);
            }
        }
    }

    // Whoever has been away for a window goes. If nobody has, a flood of keys fills the memory: every tenth goes, which is better than all.
    private void Sweep(int windowMs)
    {
        foreach (var (key, calls) in _calls)
        {
            lock (calls)
                if (calls.Count == 0 || clock.GetElapsedTime(calls.Last()).TotalMilliseconds >= windowMs) _calls.TryRemove(key, out _);
        }
        if (_calls.Count < MaxKeys) return;
        foreach (var key in _calls.Keys.Where((_, i) => i % 10 == 0)) _calls.TryRemove(key, out _);
    }
}
