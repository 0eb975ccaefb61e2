using System.Globalization;
using System.Text.Json;
using AdmitOne.Cli.Doctor;

namespace AdmitOne.Cli.Checklists;

/// <summary>Something that the Prometheus of <c>--prometheus URL</c> knows. Without one a person must look.</summary>
internal sealed class PrometheusProbe(string name, string path, Func<JsonElement, Finding> judge) : Probe(name)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (patient.PrometheusUrl is not { } url) return One(new Finding(Verdict.Person, "say --prometheus URL, or look there"));
        using var answer = await Running.AskAsync(url, path, cancellationToken);
        if (!answer.IsSuccessStatusCode) return One(Finding.NoGo($"{url} answers {(int)answer.StatusCode}", "Look at Prometheus."));
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        return One(judge(json.RootElement.GetProperty("data")));
    }

    public static PrometheusProbe Firing(bool criticalOnly) => new("alerts", "/api/v1/alerts", data =>
    {
        var firing = data.GetProperty("alerts").EnumerateArray().Where(alert => alert.GetProperty("state").GetString() == "firing"
            && (!criticalOnly || (alert.GetProperty("labels").TryGetProperty("severity", out var severity) && severity.GetString() == "critical")))
            .Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()).Distinct().ToList();
        return Finding.If(firing.Count == 0, firing.Count == 0 ? "none fires" : $"firing: {string.Join(", ", firing)}", "Follow docs/runbooks/<alert>.md.");
    });

    public static PrometheusProbe Rules(string group, int atLeast) => new("rules", "/api/v1/rules?type=alert", data =>
    {
        var loaded = data.GetProperty("groups").EnumerateArray().Where(one => one.GetProperty("name").GetString() == group).Sum(one => one.GetProperty("rules").GetArrayLength());
        return Finding.If(loaded >= atLeast, $"{loaded.ToString(CultureInfo.InvariantCulture)} alerts of {group} are loaded, {atLeast.ToString(CultureInfo.InvariantCulture)} needed", "Name deploy/prometheus/*.rules.yml in its rule_files.");
    });

    public static PrometheusProbe Targets(string job) => new("targets", "/api/v1/targets?state=active", data =>
    {
        var health = data.GetProperty("activeTargets").EnumerateArray().Where(target => target.GetProperty("labels").GetProperty("job").GetString() == job).Select(target => target.GetProperty("health").GetString()).ToList();
        return Finding.If(health.Count > 0 && health.TrueForAll(state => state == "up"), $"{health.Count(state => state == "up")} of {health.Count} targets of {job} are up", "Compare with deploy/prometheus/prometheus.yml.");
    });
}

/// <summary>Every query of a dashboard's panels returns data from the Prometheus of <c>--prometheus URL</c>.</summary>
internal sealed class PanelDataProbe(string path) : Probe("panels with data")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (patient.PrometheusUrl is not { } url) return One(new Finding(Verdict.Person, "say --prometheus URL, or look at the dashboard"));
        var file = Path.Combine(patient.Root, path);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {path}", "Look from the checkout, or say --root."));
        using var board = JsonDocument.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        var (asked, empty) = (0, new List<string>());
        foreach (var panel in board.RootElement.GetProperty("panels").EnumerateArray())
        {
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
            {
                var query = target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$__range", "1h", StringComparison.Ordinal);
                using var answer = await Running.AskAsync(url, "/api/v1/query?query=" + Uri.EscapeDataString(query), cancellationToken);
                asked++;
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
                if (!answer.IsSuccessStatusCode || json.RootElement.GetProperty("data").GetProperty("result").GetArrayLength() == 0) empty.Add(panel.GetProperty("title").GetString() ?? "?");
            }
        }
        return One(Finding.If(asked > 0 && empty.Count == 0, empty.Count == 0 ? $"all {asked.ToString(CultureInfo.InvariantCulture)} queries return data" : $"no data: {string.Join(", ", empty.Distinct())}", "Is it scraped, and has it had traffic?"));
    }
}
