using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Purchases by result, and how long a buyer waits for one.</summary>
public sealed class PurchaseMetrics
{
    private const string Failed = "failed";
    private static readonly string[] s_results = ["paid", "pending", "declined", "refused", "replayed", Failed];

    private readonly Counter<long> _answered;
    private readonly Histogram<double> _duration;

    public PurchaseMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Purchases");
        _answered = meter.CreateCounter<long>("admitone.purchases.answered", "{purchase}", "Purchases asked for, by result; failed ones ended in a fault of ours, or their client left.");
        _duration = meter.CreateHistogram<double>("admitone.purchases.duration", "s", "From the request to its answer, the provider included.");
        foreach (var result in s_results) _answered.Add(0, new KeyValuePair<string, object?>("result", result));
    }

    /// <summary>A purchase has been asked for. Disposed without an answer, it has failed.</summary>
    public Measured Begin(TimeProvider clock) => new(this, clock);

    /// <summary>One purchase, from its request on.</summary>
    public sealed class Measured(PurchaseMetrics metrics, TimeProvider clock) : IDisposable
    {
        private readonly long _started = clock.GetTimestamp();
        private bool _isAnswered;

        /// <param name="result">paid, pending, declined, refused or replayed.</param>
        public void Answered(string result)
        {
            _isAnswered = true;
            metrics._answered.Add(1, new KeyValuePair<string, object?>("result", result));
            metrics._duration.Record(clock.GetElapsedTime(_started).TotalSeconds);
        }

        public void Dispose()
        {
            if (!_isAnswered) Answered(Failed);
        }
    }
}
