using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AdmitOne.Platform.Identity;

/// <summary>
/// Whom a token that was found good a moment ago speaks for. In a rush a buyer's every call has the same token, and checking its signature and
/// claims is a tenth of what a hold costs. Tenants and revocations are asked about with each call all the same.
/// </summary>
internal sealed class RememberedTokens(TimeProvider clock)
{
    private const int MaxKept = 100_000;
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<UInt256, Entry> _known = new();

    public Caller? Find(ReadOnlySpan<char> token)
    {
        var hash = Hash(token);
        if (!_known.TryGetValue(hash, out var entry)) return null;
        if (clock.GetElapsedTime(entry.Since) < entry.Keep) return entry.Caller;
        _known.TryRemove(hash, out _);
        return null;
    }

    /// <summary>Keeps it until the token's own end, without any leeway, but not for long: what is accepted on leeway is checked each time.</summary>
    public void Keep(string token, Caller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var left = caller.TokenEndsAt - clock.GetUtcNow();
        if (left <= TimeSpan.Zero) return;
        if (_known.Count >= MaxKept) _known.Clear();
        _known[Hash(token)] = new Entry(caller, clock.GetTimestamp(), left < s_keep ? left : s_keep);
    }

    // Nobody can make a second text with the hash of a good token, and what is kept is no use to whoever reads the memory.
    private static UInt256 Hash(ReadOnlySpan<char> token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(token), hash);
        return MemoryMarshal.Read<UInt256>(hash);
    }

    private readonly record struct UInt256(UInt128 High, UInt128 Low);

    private readonly record struct Entry(Caller Caller, long Since, TimeSpan Keep);
}
