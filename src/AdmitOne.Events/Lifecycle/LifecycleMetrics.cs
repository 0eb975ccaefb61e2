using System.Diagnostics.Metrics;

namespace AdmitOne.Events.Lifecycle;

public sealed class LifecycleMetrics
{
    private readonly Counter<long> _moves;
    private IReadOnlyDictionary<EventStatus, long> _standing = new Dictionary<EventStatus, long>();

    public LifecycleMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("AdmitOne.Lifecycle");
        _moves = meter.CreateCounter<long>("admitone.events.moved", "{event}", "Moves of events by the state they went to, counted after commit.");
        meter.CreateObservableGauge("admitone.events.standing", () => _standing.Select(s => new Measurement<long>(s.Value, new KeyValuePair<string, object?>("status", s.Key.Word()))), "{event}",
            "Events of all organisers by the state they are in, counted in the database each 15 s; each replica tells the same.");
        foreach (var status in Enum.GetValues<EventStatus>()) Count(status, 0);
    }

    public void Moved(EventStatus to) => Count(to, 1);

    /// <param name="standing">How many events are in each state; a state that is missing has none.</param>
    public void Counted(IReadOnlyDictionary<EventStatus, long> standing) =>
        _standing = Enum.GetValues<EventStatus>().ToDictionary(status => status, standing.GetValueOrDefault);

    private void Count(EventStatus to, long moves) => _moves.Add(moves, new KeyValuePair<string, object?>("to", to.Word()));
}
