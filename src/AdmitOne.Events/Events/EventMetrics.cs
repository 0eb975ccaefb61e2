using System.Diagnostics.Metrics;

namespace AdmitOne.Events.Events;

public sealed class EventMetrics
{
    private readonly Counter<long> _created;

    public EventMetrics(IMeterFactory meters)
    {
        _created = meters.Create("AdmitOne.Events").CreateCounter<long>("admitone.events.created", "{event}", "Events created, counted after commit.");
        _created.Add(0);
    }

    public void Created() => _created.Add(1);
}
