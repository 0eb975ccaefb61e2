using System.Collections.Concurrent;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// Of which events this process has changed the stock: a number that is another one after each batch that was committed. What other replicas
/// change is not known here; who remembers something of an event's stock trusts it for a second and no longer.
/// </summary>
public sealed class StockNews
{
    private const int MaxKept = 10_000;

    private readonly ConcurrentDictionary<Guid, long> _versions = new();
    private long _last;

    public long VersionOf(Guid eventId) => _versions.GetValueOrDefault(eventId);

    internal void Changed(Guid eventId)
    {
        if (_versions.Count >= MaxKept) _versions.Clear();
        _versions[eventId] = Interlocked.Increment(ref _last);
    }
}
