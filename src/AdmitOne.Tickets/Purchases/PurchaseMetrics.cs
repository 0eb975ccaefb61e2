using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Purchases by result, and how long a buyer waits for one.</summary>
public sealed class PurchaseMetrics
{
    private static readonly string[] s_results = ["paid", "pending", "declined", "refused", "replayed"];

    private readonly Counter<long> _answered;
    private readonly Histogram<double> _duration;

    public PurchaseMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Purchases");
        _answered = meter.CreateCounter<long>("admitone.purchases.answered", "{purchase}", "Purchases asked for, by result.");
        _duration = meter.CreateHistogram<double>("admitone.purchases.duration", "s", "From the request to its answer, the provider included.");
        foreach (var result in s_results) _answered.Add(0, new KeyValuePair<string, object?>("result", result));
    }

    /// <param name="result">paid, pending, declined, refused or replayed.</param>
    public void Answered(string result, TimeSpan took)
    {
        _answered.Add(1, new KeyValuePair<string, object?>("result", result));
        _duration.Record(took.TotalSeconds);
    }
}
