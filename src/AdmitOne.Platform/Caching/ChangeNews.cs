using System.Collections.Concurrent;
using AdmitOne.Platform.Redis;

namespace AdmitOne.Platform.Caching;

/// <summary>
/// What changed lately: known at once in the process that did it, over Redis in the others a moment later. Whoever does not hear it believes what
/// it remembers for a second and no longer. While <see cref="CatalogueWatch"/> vouches that nothing of the catalogue can have been missed, what was
/// read from PostgreSQL here is believed until it changes.
/// </summary>
/// <remarks>All of its instants are timestamps of this process, which no change of the machine's clock moves.</remarks>
public sealed class ChangeNews(RedisStore redis, TimeProvider clock)
{
    /// <summary>How long a cached answer is believed without asking.</summary>
    public static readonly TimeSpan Trusted = TimeSpan.FromSeconds(1);

    private const string Channel = "admitone:changed";
    private const int MaxKept = 10_000;

    // However well it is vouched for: the longest that a fault of ours could be seen.
    private static readonly TimeSpan s_vouchedFor = TimeSpan.FromMinutes(1);

    private readonly long _trusted = Ticks(Trusted, clock);
    private readonly long _longest = Ticks(s_vouchedFor, clock);
    private readonly ConcurrentDictionary<Guid, long> _changed = new();   // tenants, events and whatever else has an id
    private long _any = long.MinValue;
    private long _everything = long.MinValue;
    private long _heardSince = long.MaxValue;
    private long _vouchedUntil = long.MinValue;

    /// <summary>Something of this tenant was committed that the public may see.</summary>
    public void Changed(Guid tenantId, IReadOnlyCollection<Guid> resources)
    {
        Guid[] ids = [tenantId, .. resources];
        foreach (var id in ids) Hear(id);
        _ = redis.PublishAsync(Channel, string.Join(' ', ids.Select(id => id.ToString("n"))));
    }

    /// <summary>Whether what was read at this time may still be shown.</summary>
    public bool IsFresh(CachedAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var now = Now();
        if (answer.ReadAt < now - _trusted && !IsVouchedFor(answer, now)) return false;
        if (answer.ReadAt <= Volatile.Read(ref _everything)) return false;
        return answer.Of is { } id ? !_changed.TryGetValue(id, out var changed) || answer.ReadAt > changed : answer.ReadAt > Volatile.Read(ref _any);
    }

    /// <summary>For how long it is worth keeping.</summary>
    internal TimeSpan LongestTrusted(CachedAnswer answer) => IsWatched(answer) ? s_vouchedFor : Trusted;

    internal Task ListenAsync() => redis.SubscribeAsync(Channel, message =>
    {
        foreach (var word in message.Split(' '))
            if (Guid.TryParseExact(word, "n", out var id)) Hear(id);
    });

    /// <summary>From now on whatever changes in the catalogue is heard.</summary>
    internal void ListensFromNow() => Volatile.Write(ref _heardSince, Now());

    /// <summary>What changed before this instant has been heard, all of it, so what is remembered is not older than a second until a second after it.</summary>
    internal void HasHeardUntil(long timestamp) => Volatile.Write(ref _vouchedUntil, timestamp + _trusted);

    internal void ListensNoLonger() => Volatile.Write(ref _heardSince, long.MaxValue);

    internal long Now() => clock.GetTimestamp();

    internal void Hear(Guid id)
    {
        var now = Now();
        // What changed longer ago than an answer is believed need not be remembered.
        if (_changed.Count >= MaxKept)
            foreach (var (known, at) in _changed)
                if (at < now - _longest) _changed.TryRemove(known, out _);
        if (_changed.Count >= MaxKept)
        {
            HearOfEverything();
            _changed.Clear();
        }
        _changed[id] = now;
        Volatile.Write(ref _any, now);
    }

    internal void HearOfEverything() => Volatile.Write(ref _everything, Now());

    private static long Ticks(TimeSpan time, TimeProvider clock) => (long)(time.TotalSeconds * clock.TimestampFrequency);

    // What is not there has no event that could be heard of; what another process read, it may have read before we listened.
    private bool IsWatched(CachedAnswer answer) => answer.IsOurs && answer.IsThere && answer.ReadAt > Volatile.Read(ref _heardSince);

    private bool IsVouchedFor(CachedAnswer answer, long now) =>
        IsWatched(answer) && now < Volatile.Read(ref _vouchedUntil) && answer.ReadAt > now - _longest;
}
