using System.Diagnostics.Metrics;

namespace AdmitOne.Events.Events;

public sealed class EventMetrics
{
    private readonly Counter<long> _created;
    private readonly Counter<long> _changed;
    private readonly Counter<long> _removed;

    public EventMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("AdmitOne.Events");
        _created = meter.CreateCounter<long>("admitone.events.created", "{event}", "Drafts that managers have made or copied.");
        _changed = meter.CreateCounter<long>("admitone.events.changed", "{event}", "Edits of events, counted after commit.");
        _removed = meter.CreateCounter<long>("admitone.events.removed", "{event}", "Events that managers have removed.");
        foreach (var counter in new[] { _created, _changed, _removed }) counter.Add(0);
    }

    public void Created() => _created.Add(1);

    public void Changed() => _changed.Add(1);

    public void Removed() => _removed.Add(1);
}
