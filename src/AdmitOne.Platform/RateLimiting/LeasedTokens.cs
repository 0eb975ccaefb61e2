using System.Collections.Concurrent;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>
/// Calls that were taken out of a caller's window ahead of time, so that reads of cacheable pages and a busy door's scans need not ask Redis each. A lease is at
/// most what its rule allows and lives for a tenth of the window; it begins with one call and doubles while it is used up, and the next one is
/// as large as what was used of it, so that a slow reader wastes nothing. Of those who find it used up, one asks for the next and the others wait for that.
/// </summary>
internal sealed class LeasedTokens(TimeProvider clock)
{
    private const int MaxKeys = 100_000;

    private readonly ConcurrentDictionary<string, Lease> _leases = new();

    /// <summary>Takes one of those that are left, if any are.</summary>
    public bool TryTake(string key, LimitRule rule, out LimitAnswer answer)
    {
        answer = default;
        return _leases.TryGetValue(key, out var lease) && TryTake(lease, rule, out answer, out _);
    }

    /// <summary>Puts one back that was taken and not needed, if the lease that it came from still stands.</summary>
    public void GiveBack(string key)
    {
        if (!_leases.TryGetValue(key, out var lease)) return;
        lock (lease)
            if (lease.Left < lease.Size) lease.Left++;
    }

    /// <returns>What the next call would be answered, or null if no lease is known.</returns>
    public LimitAnswer? Look(string key)
    {
        if (!_leases.TryGetValue(key, out var lease)) return null;
        lock (lease)
            return lease.Size == 0 ? null : new LimitAnswer(1, lease.Kept.Remaining + lease.Left, Math.Max(lease.Kept.ResetMs - (long)clock.GetElapsedTime(lease.Since).TotalMilliseconds, 1));
    }

    /// <param name="ask">Takes so many calls out of the window.</param>
    public async ValueTask<(LimitAnswer Answer, bool FromLease)> SpendAsync(string key, LimitRule rule, Func<int, ValueTask<LimitAnswer>> ask)
    {
        if (!_leases.TryGetValue(key, out var lease))
        {
            if (_leases.Count >= MaxKeys) _leases.Clear();   // what was leased counts as used; nobody gets more by it
            lease = _leases.GetOrAdd(key, _ => new Lease());
        }
        while (true)
        {
            if (TryTake(lease, rule, out var taken, out _)) return (taken, true);
            if (lease.Ask() is { } asked) return await AskAsync(lease, rule, asked, ask);
            // All who wait go on at once: one after the other, each would wait for its turn on a busy processor.
            if (lease.Asked is { } others && await others is { Granted: 0 } refused) return (refused, false);
        }
    }

    private async Task<(LimitAnswer Answer, bool FromLease)> AskAsync(Lease lease, LimitRule rule, TaskCompletionSource<LimitAnswer?> asked, Func<int, ValueTask<LimitAnswer>> ask)
    {
        LimitAnswer? answer = null;
        try
        {
            if (TryTake(lease, rule, out var taken, out var wanted)) return (taken, true);   // another had just asked
            var granted = await ask(wanted);
            answer = granted;
            if (granted.Granted == 0) return (granted, false);
            lock (lease) (lease.Since, lease.Size, lease.Left, lease.Kept) = (clock.GetTimestamp(), granted.Granted, granted.Granted - 1, granted);
            return (granted with { Granted = 1, Remaining = granted.Remaining + granted.Granted - 1 }, false);
        }
        finally
        {
            lease.HasAsked();
            asked.SetResult(answer);   // without one, whoever waits looks again
        }
    }

    private bool TryTake(Lease lease, LimitRule rule, out LimitAnswer answer, out int next)
    {
        (answer, next) = (default, 1);
        lock (lease)
        {
            if (lease.Size == 0) return false;
            var age = clock.GetElapsedTime(lease.Since).TotalMilliseconds;
            var isOver = age >= rule.WindowMs / 10.0;
            if (isOver || lease.Left == 0)
            {
                next = Math.Clamp(isOver ? lease.Size - lease.Left : lease.Size * 2, 1, rule.Ahead);
                return false;
            }
            lease.Left--;
            answer = new LimitAnswer(1, lease.Kept.Remaining + lease.Left, Math.Max(lease.Kept.ResetMs - (long)age, 1));
            return true;
        }
    }

    private sealed class Lease
    {
        private TaskCompletionSource<LimitAnswer?>? _asked;

        public long Since { get; set; }
        public int Size { get; set; }
        public int Left { get; set; }
        public LimitAnswer Kept { get; set; }

        /// <summary>What others wait for, while somebody asks.</summary>
        public Task<LimitAnswer?>? Asked => Volatile.Read(ref _asked)?.Task;

        /// <returns>What to settle when it has been asked; null if somebody else asks already.</returns>
        public TaskCompletionSource<LimitAnswer?>? Ask()
        {
            var mine = new TaskCompletionSource<LimitAnswer?>(TaskCreationOptions.RunContinuationsAsynchronously);
            return Interlocked.CompareExchange(ref _asked, mine, null) is null ? mine : null;
        }

        public void HasAsked() => Volatile.Write(ref _asked, null);
    }
}
