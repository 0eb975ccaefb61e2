using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Redis;
using Microsoft.Extensions.Caching.Memory;
using Npgsql;

namespace AdmitOne.Platform.Caching;

/// <summary>
/// Public answers from memory, then Redis, then PostgreSQL. However many ask for the same thing at once, one reads it. An answer is believed as
/// long as <see cref="ChangeNews"/> says, and then read again.
/// Nothing in here may be missed when Redis is gone, and none of it is more than a copy.
/// </summary>
public sealed class ReadThroughCache : IDisposable
{
    private const long MemoryBytes = 64 * 1024 * 1024;
    private const int EntryBytes = 300;   // about what an entry costs beside its body
    private static readonly TimeSpan s_redisLeftAlone = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_worthSending = TimeSpan.FromMilliseconds(10);

    private readonly MemoryCache _memory = new(new MemoryCacheOptions { SizeLimit = MemoryBytes });
    private readonly ConcurrentDictionary<string, Lazy<Task<CachedAnswer>>> _reading = new();
    private readonly RedisStore _redis;
    private readonly ChangeNews _news;
    private readonly CacheMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly string _prefix;
    private long _redisAwayUntil;

    public ReadThroughCache(RedisStore redis, ChangeNews news, CacheMetrics metrics, TimeProvider clock, NpgsqlConnectionStringBuilder database)
    {
        ArgumentNullException.ThrowIfNull(database);
        (_redis, _news, _metrics, _clock) = (redis, news, metrics, clock);
        // Two installations may share a Redis: a copy belongs to the database that it was made of.
        var of = SHA256.HashData(Encoding.UTF8.GetBytes($"{database.Host}:{database.Port}/{database.Database}"));
        _prefix = $"cache:{Convert.ToHexStringLower(of.AsSpan(0, 6))}:";
    }

    /// <param name="key">Says all that the answer depends on.</param>
    /// <param name="read">Asks PostgreSQL, for everybody who waits for the same.</param>
    /// <param name="alone">It is kept in this process only: its key means nothing elsewhere, or it changes too often to be worth sending.</param>
    public ValueTask<CachedAnswer> GetAsync(string key, Func<Task<ReadAnswer>> read, CancellationToken cancellationToken, bool alone = false) =>
        Find(key) is { } known ? new ValueTask<CachedAnswer>(known) : new ValueTask<CachedAnswer>(ReadAsync(key, read, alone, cancellationToken));

    /// <summary>What this process remembers and still believes; null says only that it must be read.</summary>
    public CachedAnswer? Find(string key)
    {
        if (!_memory.TryGetValue(key, out CachedAnswer? known) || !_news.IsFresh(known!)) return null;
        _metrics.Memory();
        return known;
    }

    public void Dispose() => _memory.Dispose();

    private async Task<CachedAnswer> ReadAsync(string key, Func<Task<ReadAnswer>> read, bool alone, CancellationToken cancellationToken)
    {
        var came = _clock.GetTimestamp();
        while (true)
        {
            var reading = _reading.GetOrAdd(key, static (key, to) => new Lazy<Task<CachedAnswer>>(() => to.Cache.ReadAloneAsync(key, to.Read, to.Alone)), (Cache: this, Read: read, Alone: alone));
            CachedAnswer answer;
            try
            {
                answer = await reading.Value.WaitAsync(cancellationToken);
            }
            finally
            {
                if (reading.Value.IsCompleted) _reading.TryRemove(KeyValuePair.Create(key, reading));
            }
            // One that had begun before may miss what changed until this call came.
            if (answer.ReadAt >= came || _news.IsFresh(answer)) return answer;
        }
    }

    // Its callers may all leave; what it reads is kept for the next.
    private async Task<CachedAnswer> ReadAloneAsync(string key, Func<Task<ReadAnswer>> read, bool alone)
    {
        await Task.Yield();
        if (!alone && await FromRedisAsync(key) is { } shared && _news.IsFresh(shared))
        {
            _metrics.Redis();
            Remember(key, shared);
            return shared;
        }
        var (began, beganAt) = (_clock.GetTimestamp(), _clock.GetUtcNow());
        var found = await read();
        _metrics.Database();
        var answer = new CachedAnswer(found.Body, found.Tag, found.Of, began, IsOurs: true);
        Remember(key, answer);
        // What is not there is for this process alone: anybody can invent addresses.
        var left = ChangeNews.Trusted - _clock.GetElapsedTime(began);
        if (answer.IsThere && !alone && left > s_worthSending && !IsRedisAway && !await _redis.PutBytesAsync(_prefix + key, answer.Pack(beganAt), left)) LeaveRedisAlone();
        return answer;
    }

    private async Task<CachedAnswer?> FromRedisAsync(string key)
    {
        if (IsRedisAway) return null;
        var asked = _clock.GetTimestamp();
        var (answered, packed, left) = await _redis.GetBytesAsync(_prefix + key);
        if (!answered) LeaveRedisAlone();
        if (packed is null || CachedAnswer.Unpack(packed, out var readAt) is not { } copy) return null;
        return AgeOfCopy(_clock.GetUtcNow() - readAt, left) is { } age ? copy with { ReadAt = asked - (long)(age.TotalSeconds * _clock.TimestampFrequency) } : null;
    }

    /// <summary>
    /// How old another process's copy is: as old as the clocks say or as Redis says, whichever is more. Our clock may have been set back, and Redis may have
    /// stood still before it took the copy.
    /// </summary>
    /// <param name="byClock">From the time that its maker wrote into it to our time.</param>
    /// <param name="left">How long Redis keeps it still.</param>
    /// <returns>Null if it is too old, or if both cannot be right.</returns>
    internal static TimeSpan? AgeOfCopy(TimeSpan byClock, TimeSpan left)
    {
        var byRedis = ChangeNews.Trusted - left;
        if (byClock < -ChangeNews.Trusted || byRedis < TimeSpan.Zero) return null;
        var age = byClock > byRedis ? byClock : byRedis;
        return age <= ChangeNews.Trusted ? age : null;
    }

    private void Remember(string key, CachedAnswer answer) =>
        _memory.Set(key, answer, new MemoryCacheEntryOptions { Size = EntryBytes + (2 * key.Length) + answer.Body.Length, AbsoluteExpirationRelativeToNow = _news.LongestTrusted(answer) });

    private bool IsRedisAway => Volatile.Read(ref _redisAwayUntil) > _clock.GetTimestamp();

    // One that has frozen costs each read its whole patience.
    private void LeaveRedisAlone() => Volatile.Write(ref _redisAwayUntil, _clock.GetTimestamp() + (long)(s_redisLeftAlone.TotalSeconds * _clock.TimestampFrequency));
}
