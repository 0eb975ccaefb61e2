using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Retention;

public sealed class RetentionMetrics
{
    private readonly Counter<long> _removed;

    public RetentionMetrics(IMeterFactory meters, IEnumerable<Sweep> sweeps)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(sweeps);
        _removed = meters.Create("AdmitOne.Retention").CreateCounter<long>("admitone.rows.removed", "{row}", "Rows that were kept long enough, by kind.");
        foreach (var sweep in sweeps) Removed(sweep.Kind, 0);
    }

    public void Removed(string kind, int rows) => _removed.Add(rows, new KeyValuePair<string, object?>("kind", kind));
}
