using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Retention;

public sealed class RetentionMetrics
{
    private readonly Counter<long> _removed;
    private readonly Counter<long> _failed;

    public RetentionMetrics(IMeterFactory meters, IEnumerable<Sweep> sweeps)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(sweeps);
        var meter = meters.Create("AdmitOne.Retention");
        _removed = meter.CreateCounter<long>("admitone.rows.removed", "{row}", "Rows that were kept long enough, by kind.");
        _failed = meter.CreateCounter<long>("admitone.sweeps.failed", "{sweep}", "Sweeps of old rows that ended with a fault, by kind; each is tried again at the next beat.");
        foreach (var sweep in sweeps)
        {
            Removed(sweep.Kind, 0);
            _failed.Add(0, Tag(sweep.Kind));
        }
    }

    public void Removed(string kind, int rows) => _removed.Add(rows, Tag(kind));

    public void Failed(string kind) => _failed.Add(1, Tag(kind));

    private static KeyValuePair<string, object?> Tag(string kind) => new("kind", kind);
}
