using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Scans;

/// <summary>Scans by what the door was told, and how long it waited.</summary>
public sealed class ScanMetrics
{
    private readonly Counter<long> _answered;
    private readonly Histogram<double> _duration;
    private readonly Histogram<int> _combined;
    private readonly Counter<long> _merged;

    public ScanMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Scans");
        _answered = meter.CreateCounter<long>("admitone.scans.answered", "{scan}", "Scans, by reason; ok is an admission.");
        _duration = meter.CreateHistogram<double>("admitone.scans.duration", "s", "From the scan's arrival to its answer.");
        _combined = meter.CreateHistogram<int>("admitone.scans.batch.size", "{scan}", "Scans that one transaction of a lane combined.");
        _merged = meter.CreateCounter<long>("admitone.scans.merged", "{scan}", "Scans made offline and uploaded since, by outcome; a repeated one is not counted again.");
        foreach (var outcome in OfflineOutcomes.All) _merged.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (var reason in ScanReasons.All) _answered.Add(0, new KeyValuePair<string, object?>("reason", reason));
    }

    public void Combined(int scans) => _combined.Record(scans);

    public void Merged(string outcome) => _merged.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Answered(string reason, TimeSpan took)
    {
        _answered.Add(1, new KeyValuePair<string, object?>("reason", reason));
        _duration.Record(took.TotalSeconds);
    }
}
