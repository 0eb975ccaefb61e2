using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Telemetry;

/// <summary>What became of faults that were to be reported.</summary>
public sealed class SentryMetrics
{
    private readonly Counter<long> _reported;

    public SentryMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _reported = meters.Create("AdmitOne.Telemetry").CreateCounter<long>("admitone.faults.reported", "{fault}", "Faults for SENTRY_DSN: sent; refused by it; dropped, because too many waited or it had asked for a pause.");
        foreach (var outcome in (string[])["sent", "refused", "dropped"]) _reported.Add(0, Tag(outcome));
    }

    public void Sent() => _reported.Add(1, Tag("sent"));

    public void Refused() => _reported.Add(1, Tag("refused"));

    public void Dropped() => _reported.Add(1, Tag("dropped"));

    private static KeyValuePair<string, object?> Tag(string outcome) => new("outcome", outcome);
}
