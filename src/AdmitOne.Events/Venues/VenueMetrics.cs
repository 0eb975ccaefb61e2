using System.Diagnostics.Metrics;
using System.Text.Json;

namespace AdmitOne.Events.Venues;

/// <summary>How a question to the venue service ended, after all attempts.</summary>
public enum VenueOutcome { Found, NotFound, TimedOut, Failed, Refused, Unreadable, NotAsked }

public sealed class VenueMetrics
{
    private static readonly KeyValuePair<string, object?> s_neighbour = new("neighbour", "venues");

    private readonly Counter<long> _asked;

    public VenueMetrics(IMeterFactory meters)
    {
        _asked = meters.Create("AdmitOne.Venues").CreateCounter<long>("admitone.neighbours.asked", "{call}", "Questions to a neighbouring service by how they ended, all attempts of one together; not_asked while its breaker is open.");
        foreach (var outcome in Enum.GetValues<VenueOutcome>()) Count(outcome, 0);
    }

    public void Answered(VenueOutcome outcome) => Count(outcome, 1);

    private void Count(VenueOutcome outcome, long calls) =>
        _asked.Add(calls, s_neighbour, new KeyValuePair<string, object?>("outcome", JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString())));
}
