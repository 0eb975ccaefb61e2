using System.Diagnostics.Metrics;
using System.Text.Json;

namespace AdmitOne.Events.Venues;

/// <summary>How a question to the venue service ended, after all attempts.</summary>
public enum VenueOutcome { Found, NotFound, TimedOut, Failed, Refused, Unreadable, NotAsked }

public sealed class VenueMetrics
{
    private static readonly KeyValuePair<string, object?> s_neighbour = new("neighbour", "venues");

    private readonly Counter<long> _asked;
    private volatile bool _isOpen;

    public VenueMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("AdmitOne.Venues");
        _asked = meter.CreateCounter<long>("admitone.neighbours.asked", "{call}", "Questions to a neighbouring service by how they ended, all attempts of one together; not_asked while its breaker is open.");
        meter.CreateObservableGauge("admitone.neighbours.breaker.open", () => new Measurement<int>(_isOpen ? 1 : 0, s_neighbour), "1",
            "1 while the breaker keeps calls away from a neighbouring service that fails.");
        foreach (var outcome in Enum.GetValues<VenueOutcome>()) Count(outcome, 0);
    }

    public void Answered(VenueOutcome outcome) => Count(outcome, 1);

    public void Breaker(bool isOpen) => _isOpen = isOpen;

    private void Count(VenueOutcome outcome, long calls) =>
        _asked.Add(calls, s_neighbour, new KeyValuePair<string, object?>("outcome", JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString())));
}
