using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Charts;

/// <param name="At">Seconds since 1970.</param>
internal readonly record struct MeasuredPoint(double At, double Value);

/// <summary>One line of a panel.</summary>
internal sealed record Series(string Name, IReadOnlyList<MeasuredPoint> Points)
{
    /// <summary>The newest value; 0 where there is none.</summary>
    public double Last => Points.Count > 0 ? Points[^1].Value : 0;
}

/// <summary>A stretch of time of what a Prometheus has.</summary>
/// <param name="Start">Seconds since 1970, as <paramref name="End"/>.</param>
/// <param name="Window">Over how long rates are taken, in place of the five minutes that the dashboards say.</param>
internal sealed record PrometheusRange(HttpClient Http, Uri Prometheus, double Start, double End, string Window)
{
    public const string UsualWindow = "5m";
    private const int MostPoints = 240;

    /// <exception cref="CannotRunException">The query was refused.</exception>
    public async Task<IReadOnlyList<Series>> AskAsync(GrafanaTarget target, CancellationToken cancellationToken)
    {
        var query = target.Expr.Replace($"[{UsualWindow}]", $"[{Window}]", StringComparison.Ordinal);
        var url = string.Create(CultureInfo.InvariantCulture,
            $"{Prometheus.ToString().TrimEnd('/')}/api/v1/query_range?query={Uri.EscapeDataString(query)}&start={Start:0.###}&end={End:0.###}&step={Math.Max(1, (int)((End - Start) / MostPoints))}");
        using var response = await Http.GetAsync(url, cancellationToken);
        if (!response.IsSuccessStatusCode) throw new CannotRunException($"{Prometheus} answered {(int)response.StatusCode} to {query}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        var result = (await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("data").GetProperty("result");
        return [.. result.EnumerateArray().Select(one => new Series(Legend(target.LegendFormat, one.GetProperty("metric")), [.. Points(one.GetProperty("values"))]))];
    }

    // Prometheus writes numbers as strings, and NaN among them.
    private static IEnumerable<MeasuredPoint> Points(JsonElement values) =>
        values.EnumerateArray().Select(pair => new MeasuredPoint(pair[0].GetDouble(), double.Parse(pair[1].GetString()!, CultureInfo.InvariantCulture))).Where(point => double.IsFinite(point.Value));

    private static string Legend(string template, JsonElement labels)
    {
        var all = labels.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString() ?? "");
        foreach (var (name, value) in all) template = template.Replace("{{" + name + "}}", value, StringComparison.Ordinal);
        return !template.Contains("{{", StringComparison.Ordinal) ? template : all.Count > 0 ? string.Join(", ", all.Values) : "value";
    }
}
