using System.Globalization;

namespace AdmitOne.Cli.Load;

/// <summary>One answer of <c>/metrics</c>: Prometheus text, format 0.0.4.</summary>
public sealed class Scrape
{
    private readonly Dictionary<string, List<(string Labels, double Value)>> _families = [];

    private Scrape() { }

    public static Scrape Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var scrape = new Scrape();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var space = line.LastIndexOf(' ');
            if (space <= 0 || !double.TryParse(line[(space + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) continue;
            var series = line[..space];
            var brace = series.IndexOf('{');
            var name = (brace < 0 ? series : series[..brace]).ToString();
            if (!scrape._families.TryGetValue(name, out var family)) scrape._families[name] = family = [];
            family.Add((brace < 0 ? "" : series[(brace + 1)..^1].ToString(), value));
        }
        return scrape;
    }

    /// <summary>The sum over all series of a name that have each of these labels, such as <c>state="used"</c>; null if there is none.</summary>
    public double? Sum(string name, params string[] labels)
    {
        if (!_families.TryGetValue(name, out var family)) return null;
        var found = family.Where(series => labels.All(label => series.Labels.Contains(label, StringComparison.Ordinal))).ToList();
        return found.Count == 0 ? null : found.Sum(series => series.Value);
    }
}
