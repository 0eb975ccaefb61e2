using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using AdmitOne.Cli.Doctor;
using AdmitOne.Platform.Configuration;

namespace AdmitOne.Cli.Checklists;

/// <summary>A service that runs, and what it says of itself.</summary>
internal static class Running
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(2), PooledConnectionLifetime = TimeSpan.FromMinutes(1) }) { Timeout = s_patience };

    public static Uri? Url(Patient patient, string service) => service == "events" ? patient.EventsUrl : patient.TicketsUrl;

    public static ExaminedService Told(Patient patient, string service) => service == "events" ? patient.Events : patient.Tickets;

    /// <exception cref="HttpRequestException">Nobody answers.</exception>
    public static async Task<HttpResponseMessage> AskAsync(Uri url, string path, CancellationToken cancellationToken) => await s_http.GetAsync(new Uri(url, path), cancellationToken);

    /// <returns>The text of /metrics, which answers on its own port when one is set; null if it does not answer.</returns>
    public static async Task<string?> MetricsAsync(Patient patient, string service, CancellationToken cancellationToken)
    {
        if (Url(patient, service) is not { } url) return null;
        var given = Told(patient, service).Settings["METRICS_PORT"];
        if (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            port = url.Port + ServiceOptions.MetricsDistance;
        if (port is > 0 and <= 65535) url = new UriBuilder(url) { Port = port }.Uri;
        try
        {
            using var answer = await AskAsync(url, "/metrics", cancellationToken);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancellationToken) : null;
        }
        catch (Exception away) when (away is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    public static Finding NotThere(string service) => Finding.Unseen($"the {(service == "events" ? "Event" : "Ticket")} Service does not answer: say --{service} URL");
}

/// <summary>A path that must answer so, without a token.</summary>
/// <param name="header">Which must be in the answer; null for none.</param>
internal sealed class AnswersProbe(string service, string path, HttpStatusCode status, string? header = null) : Probe($"GET {path}")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (Running.Url(patient, service) is not { } url) return One(Running.NotThere(service));
        try
        {
            using var answer = await Running.AskAsync(url, path, cancellationToken);
            var has = header is null || answer.Headers.NonValidated.Contains(header) || answer.Content.Headers.NonValidated.Contains(header);
            return One(Finding.If(answer.StatusCode == status && has,
                $"{Name} answers {(int)answer.StatusCode}{(header is null ? "" : has ? $" with {header}" : $" without {header}")}, {(int)status} wanted", "Look at the service's log (docs/troubleshooting.md)."));
        }
        catch (Exception away) when (away is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return One(Finding.NoGo($"{url} cannot be reached: {away.Message}", "Start it, or say the URL where it answers."));
        }
    }
}

/// <summary>Something that the service's own metrics show.</summary>
/// <param name="judge">What the samples come to.</param>
internal sealed class MetricProbe(string service, string name, Func<Samples, Finding> judge) : Probe(name)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (Running.Url(patient, service) is null) return One(Running.NotThere(service));
        return One(await Running.MetricsAsync(patient, service, cancellationToken) is { } text ? judge(new Samples(text, patient.Clock.GetUtcNow()))
            : Finding.NoGo("its /metrics does not answer", "Set ENABLE_METRICS, and METRICS_PORT to where it is scraped."));
    }
}

/// <summary>Every metric of docs/metrics.md that must be there from the start is.</summary>
internal sealed partial class EveryMetricProbe(string service) : Probe("metrics")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var page = Path.Combine(patient.Root, "docs", "metrics.md");
        if (!File.Exists(page)) return One(Finding.NoGo("missing: docs/metrics.md", "Look from the checkout, or say --root."));
        if (await Running.MetricsAsync(patient, service, cancellationToken) is not { } text) return One(Running.NotThere(service));
        var named = Row().Matches(await File.ReadAllTextAsync(page, cancellationToken)).Where(row => row.Groups["service"].Value.Equals(service, StringComparison.OrdinalIgnoreCase)).Select(row => row.Groups["name"].Value).ToList();
        var lacks = named.Where(metric => !text.Contains($"# TYPE {metric} ", StringComparison.Ordinal)).ToList();
        return One(Finding.If(named.Count > 0 && lacks.Count == 0, lacks.Count == 0 ? $"all {named.Count} counters of docs/metrics.md are scraped" : $"not scraped: {string.Join(", ", lacks)}", "Compare with docs/metrics.md: another version runs, or a metric is gone."));
    }

    [GeneratedRegex(@"^\| (?<service>Events|Tickets) \| `(?<name>\w+)` \| counter", RegexOptions.Multiline)]
    private static partial Regex Row();
}

/// <summary>The samples of one scrape.</summary>
internal sealed class Samples
{
    private readonly List<(string Name, string Labels, double Value)> _all = [];

    public Samples(string text, DateTimeOffset at)
    {
        At = at;
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var space = line.LastIndexOf(' ');
            if (space < 0 || !double.TryParse(line.AsSpan(space + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) continue;
            var brace = line.IndexOf('{', StringComparison.Ordinal);
            _all.Add(brace < 0 ? (line[..space], "", value) : (line[..brace], line[brace..space], value));
        }
    }

    public DateTimeOffset At { get; }

    public bool Has(string name) => _all.Any(sample => sample.Name == name);

    /// <summary>The sum over those whose labels match.</summary>
    public double Sum(string name, string labels = "") => Those(name, labels).Sum(sample => sample.Value);

    public double? Max(string name, string labels = "") => Those(name, labels).Select(sample => (double?)sample.Value).Max();

    /// <summary>The upper edge of the bucket in which the share of all observations is reached, in the histogram's unit; null without any.</summary>
    public double? Quantile(string histogram, double share)
    {
        var buckets = Those(histogram + "_bucket", "").GroupBy(sample => Regex.Match(sample.Labels, "le=\"([^\"]+)\"").Groups[1].Value)
            .Select(edge => (Edge: edge.Key == "+Inf" ? double.PositiveInfinity : double.Parse(edge.Key, CultureInfo.InvariantCulture), Count: edge.Sum(sample => sample.Value))).OrderBy(edge => edge.Edge).ToList();
        if (buckets.Count == 0 || buckets[^1].Count == 0) return null;
        return buckets.First(edge => edge.Count >= share * buckets[^1].Count).Edge;
    }

    private IEnumerable<(string Name, string Labels, double Value)> Those(string name, string labels) =>
        _all.Where(sample => sample.Name == name && (labels.Length == 0 || Regex.IsMatch(sample.Labels, labels, RegexOptions.None, TimeSpan.FromSeconds(1))));
}
