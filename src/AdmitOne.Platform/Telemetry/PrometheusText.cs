using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Collects on request and renders the Prometheus text format 0.0.4.</summary>
/// <remarks>It has no <c>[ExportModes(Pull)]</c>: with it, the SDK's Collect() does nothing.</remarks>
internal sealed class PrometheusText : BaseExporter<Metric>
{
    private readonly Lock _one = new();
    private readonly StringBuilder _text = new();

    internal MetricReader? Reader { get; set; }

    /// <summary>One scrape: collects all instruments of this host and returns them as text.</summary>
    public string Scrape()
    {
        lock (_one)
        {
            _text.Clear();
            Reader?.Collect(5000);
            return _text.ToString();
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        // Two meters may share an instrument's name (Npgsql's, once for each pool); the format wants each family once.
        var families = new Dictionary<string, (string Type, string Help, StringBuilder Samples)>();
        foreach (var metric in batch) Render(metric, families);
        foreach (var (name, (type, help, samples)) in families.OrderBy(f => f.Key, StringComparer.Ordinal))
            _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n').Append(samples);
        return ExportResult.Success;
    }

    private static void Render(Metric metric, Dictionary<string, (string Type, string Help, StringBuilder Samples)> families)
    {
        var monotonic = metric.MetricType is MetricType.LongSum or MetricType.DoubleSum;
        var name = Name(metric) + (monotonic ? "_total" : "");
        var type = monotonic ? "counter" : metric.MetricType == MetricType.Histogram ? "histogram" : "gauge";
        if (!families.TryGetValue(name, out var family))
            families[name] = family = (type, metric.Description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal), new());

        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point);
            switch (metric.MetricType)
            {
                case MetricType.LongSum or MetricType.LongSumNonMonotonic: Sample(family.Samples, name, labels, point.GetSumLong()); break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic: Sample(family.Samples, name, labels, point.GetSumDouble()); break;
                case MetricType.LongGauge: Sample(family.Samples, name, labels, point.GetGaugeLastValueLong()); break;
                case MetricType.DoubleGauge: Sample(family.Samples, name, labels, point.GetGaugeLastValueDouble()); break;
                case MetricType.Histogram: Histogram(family.Samples, name, labels, point); break;
            }
        }
    }

    private static void Histogram(StringBuilder samples, string name, string labels, in MetricPoint point)
    {
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : bucket.ExplicitBound.ToString(CultureInfo.InvariantCulture);
            Sample(samples, name + "_bucket", labels.Length == 0 ? $"le=\"{bound}\"" : $"{labels},le=\"{bound}\"", count);
        }
        Sample(samples, name + "_sum", labels, point.GetHistogramSum());
        Sample(samples, name + "_count", labels, point.GetHistogramCount());
    }

    private static void Sample(StringBuilder samples, string name, string labels, double value)
    {
        samples.Append(name);
        if (labels.Length > 0) samples.Append('{').Append(labels).Append('}');
        samples.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Labels(in MetricPoint point)
    {
        var labels = new StringBuilder();
        foreach (var (key, value) in point.Tags)
        {
            if (labels.Length > 0) labels.Append(',');
            labels.Append(Legal(key)).Append("=\"").Append(Convert.ToString(value, CultureInfo.InvariantCulture)?
                .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }
        return labels.ToString();
    }

    private static string Name(Metric metric) => Legal(metric.Name) + metric.Unit switch
    {
        "s" => "_seconds",
        "ms" => "_milliseconds",
        "By" => "_bytes",
        _ => "",
    };

    private static string Legal(string name) => string.Create(name.Length, name, (to, from) =>
    {
        for (var i = 0; i < from.Length; i++) to[i] = char.IsAsciiLetterOrDigit(from[i]) || from[i] == ':' ? from[i] : '_';
    });
}
