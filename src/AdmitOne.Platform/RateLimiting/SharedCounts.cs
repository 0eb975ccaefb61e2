using AdmitOne.Platform.Redis;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>
/// Counts in Redis. Calls that come while the last question is on its way are asked about together in the next one, so that a rush costs a round
/// trip for many of them and one that comes alone waits for nobody.
/// </summary>
internal sealed class SharedCounts(RedisStore redis, string prefix)
{
    private const int MaxAtOnce = 256;

    /// <summary>
    /// For each key a list of when calls were let through, the oldest first, and last how many they are: exact. An entry is its millisecond times 4096
    /// plus how many calls were let through in it together, so that a lease of thousands is a few entries and a single call is one.
    /// </summary>
    private const string Script = """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        local answers = {}
        for i, key in ipairs(KEYS) do
          local max, window, wanted = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
          local calls = tonumber(redis.call('RPOP', key) or 0)
          local oldest = now
          while calls > 0 do
            local entry = tonumber(redis.call('LINDEX', key, 0))
            oldest = math.floor(entry / 4096)
            if oldest > now - window then break end
            redis.call('LPOP', key)
            calls = calls - entry % 4096
            oldest = now
          end
          local granted = math.min(wanted, math.max(max - calls, 0))
          local left = granted
          while left > 0 do
            local together = math.min(left, 4095)
            redis.call('RPUSH', key, string.format('%.0f', now * 4096 + together))
            left = left - together
          end
          calls = calls + granted
          if calls > 0 then redis.call('RPUSH', key, calls) end
          if granted > 0 then redis.call('PEXPIRE', key, window) end
          answers[4 * i - 3] = granted
          answers[4 * i - 2] = math.max(max - calls, 0)
          answers[4 * i - 1] = math.max(oldest + window - now, 1)
          answers[4 * i] = now
        end
        return answers
        """;

    /// <summary>Takes a single call out of a key's list again, found by its millisecond.</summary>
    private const string GiveBackScript = """
        local calls = tonumber(redis.call('RPOP', KEYS[1]) or 0)
        if redis.call('LREM', KEYS[1], -1, string.format('%.0f', ARGV[1] * 4096 + 1)) == 1 then calls = calls - 1 end
        if calls > 0 then redis.call('RPUSH', KEYS[1], calls) end
        return {calls}
        """;

    private readonly Lock _one = new();
    private readonly List<Asked> _waiting = [];
    private bool _asking;

    /// <returns>Null if Redis did not answer.</returns>
    public Task<LimitAnswer?> SpendAsync(string key, LimitRule rule, int wanted)
    {
        var asked = new Asked(prefix + key, rule, wanted);
        lock (_one)
        {
            _waiting.Add(asked);
            if (_asking) return asked.Answer.Task;
            _asking = true;
        }
        _ = AskAllAsync();
        return asked.Answer.Task;
    }

    /// <summary>Takes one call out of the count again. If Redis does not answer, the call stays counted.</summary>
    /// <param name="at">When it was counted (<see cref="LimitAnswer.At"/>).</param>
    public Task GiveBackAsync(string key, long at) => redis.RunAsync(GiveBackScript, [prefix + key], [at]);

    // Ends when nobody waits, and is started again by who comes next.
    private async Task AskAllAsync()
    {
        while (true)
        {
            Asked[] batch;
            lock (_one)
            {
                if (_waiting.Count == 0)
                {
                    _asking = false;
                    return;
                }
                batch = [.. _waiting.Take(MaxAtOnce)];
                _waiting.RemoveRange(0, batch.Length);
            }
            await AskAsync(batch);
        }
    }

    private async Task AskAsync(Asked[] batch)
    {
        try
        {
            var arguments = new long[3 * batch.Length];
            for (var n = 0; n < batch.Length; n++)
                (arguments[3 * n], arguments[(3 * n) + 1], arguments[(3 * n) + 2]) = (batch[n].Rule.Max, batch[n].Rule.WindowMs, batch[n].Wanted);
            var answers = await redis.RunAsync(Script, Array.ConvertAll(batch, asked => asked.Key), arguments);
            // Whoever came while Redis stayed silent need not find out by waiting as long.
            if (answers is null) batch = [.. batch, .. TakeWaiting()];
            for (var n = 0; n < batch.Length; n++)
                batch[n].Answer.TrySetResult(answers is null ? null :
                    new LimitAnswer((int)answers[4 * n], (int)answers[(4 * n) + 1], answers[(4 * n) + 2]) { At = answers[(4 * n) + 3] });
        }
        catch (Exception fault)
        {
            foreach (var asked in batch) asked.Answer.TrySetException(fault);
        }
    }

    private Asked[] TakeWaiting()
    {
        lock (_one)
        {
            Asked[] waiting = [.. _waiting];
            _waiting.Clear();
            return waiting;
        }
    }

    private sealed record Asked(string Key, LimitRule Rule, int Wanted)
    {
        public TaskCompletionSource<LimitAnswer?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
