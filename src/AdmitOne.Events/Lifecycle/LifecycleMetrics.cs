using System.Diagnostics.Metrics;

namespace AdmitOne.Events.Lifecycle;

public sealed class LifecycleMetrics
{
    private readonly Counter<long> _moves;

    public LifecycleMetrics(IMeterFactory meters)
    {
        _moves = meters.Create("AdmitOne.Lifecycle").CreateCounter<long>("admitone.events.moved", "{event}", "Moves of events by the state they went to, counted after commit.");
        foreach (var status in Enum.GetValues<EventStatus>()) Count(status, 0);
    }

    public void Moved(EventStatus to) => Count(to, 1);

    private void Count(EventStatus to, long moves) => _moves.Add(moves, new KeyValuePair<string, object?>("to", to.Word()));
}
