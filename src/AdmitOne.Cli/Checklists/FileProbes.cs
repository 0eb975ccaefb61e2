using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.Cli.Doctor;

namespace AdmitOne.Cli.Checklists;

/// <summary>A file of the checkout that must say certain things.</summary>
/// <param name="path">Below the checkout; the file, not a folder.</param>
/// <param name="says">What it says, in words.</param>
/// <param name="patterns">Each must be found in it.</param>
internal sealed class FileProbe(string path, string says, params string[] patterns) : Probe(path)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var file = Path.Combine(patient.Root, Name);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {Name}", "Look from the checkout, or say --root."));
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        var lacks = patterns.Where(pattern => !Regex.IsMatch(text, pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))).ToArray();
        return One(Finding.If(lacks.Length == 0 && text.Length > 0, lacks.Length == 0 ? $"{Name}: {says}" : $"{Name} does not say: {says} (nothing like {string.Join(", ", lacks)})", $"Mend {Name}."));
    }
}

/// <summary>A dashboard with so many panels, each with a query and, where it shows one figure, thresholds.</summary>
internal sealed class PanelsProbe(string path, int panels) : Probe(path)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var file = Path.Combine(patient.Root, Name);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {Name}", "Look from the checkout, or say --root."));
        using var board = JsonDocument.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        var all = board.RootElement.GetProperty("panels").EnumerateArray().ToList();
        var mute = all.Where(panel => !panel.TryGetProperty("targets", out var targets) || !targets.EnumerateArray().Any(target => target.TryGetProperty("expr", out var expr) && expr.GetString() is { Length: > 0 }))
            .Select(panel => panel.GetProperty("title").GetString()).ToList();
        var bare = all.Where(panel => panel.GetProperty("type").GetString() == "stat" && !panel.ToString().Contains("\"thresholds\"", StringComparison.Ordinal)).Select(panel => panel.GetProperty("title").GetString()).ToList();
        var good = all.Count == panels && mute.Count == 0 && bare.Count == 0;
        return One(Finding.If(good, good ? $"{Name}: {panels} panels, each with a query, each figure with thresholds"
            : $"{Name}: {all.Count} of {panels} panels; without a query: {mute.Count}; figures without thresholds: {bare.Count}", $"Mend {Name}."));
    }
}

/// <summary>So many alerts, each with a page that says what it means, how to confirm it, what to do, and when it is over.</summary>
internal sealed partial class AlertsProbe(string path, int atLeast) : Probe(path)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var file = Path.Combine(patient.Root, Name);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {Name}", "Look from the checkout, or say --root."));
        var alerts = Alert().Matches(await File.ReadAllTextAsync(file, cancellationToken)).Select(match => match.Groups["name"].Value).Distinct().ToList();
        var pageless = alerts.Where(alert => !File.Exists(Path.Combine(patient.Root, "docs", "runbooks", alert + ".md"))).ToList();
        var found = $"{Name}: {alerts.Count.ToString(CultureInfo.InvariantCulture)} alerts, {atLeast.ToString(CultureInfo.InvariantCulture)} needed; without a runbook: {(pageless.Count == 0 ? "none" : string.Join(", ", pageless))}";
        return One(Finding.If(alerts.Count >= atLeast && pageless.Count == 0, found, "Write what is missing in deploy/prometheus and docs/runbooks."));
    }

    [GeneratedRegex(@"^\s*-\s*alert:\s*(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Alert();
}

/// <summary>A figure that a command of ours has left in a JSON file, not longer ago than so many days.</summary>
/// <param name="member">Its name at the top of the document.</param>
/// <param name="command">What makes the file anew.</param>
internal sealed class FigureProbe(string path, string member, double atLeast, string unit, int days, string command) : Probe(path)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var file = Path.Combine(patient.Root, Name);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {Name}", $"Run {command}."));
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        if (FreshProbe.AgeInDays(text, patient) is not { } age || age > days) return One(Finding.NoGo($"{Name} is older than {days.ToString(CultureInfo.InvariantCulture)} days, or does not say when it was made", $"Run {command}."));
        using var json = JsonDocument.Parse(text);
        var figure = json.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;
        return One(Finding.If(figure >= atLeast, $"{Name}: {figure.ToString("0.#", CultureInfo.InvariantCulture)} {unit}, {atLeast.ToString("0.#", CultureInfo.InvariantCulture)} needed", $"Raise it, and run {command}."));
    }
}

/// <summary>A result that must be there and not older than so many days.</summary>
internal sealed class FreshProbe(string path, string says, int days, string command, string? pattern = null) : Probe(path)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var file = Path.Combine(patient.Root, Name);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {Name}", $"Run {command}."));
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        if (AgeInDays(text, patient) is not { } age) return One(Finding.NoGo($"{Name} does not say when it was made", $"Run {command}."));
        if (pattern is not null && !Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1))) return One(Finding.NoGo($"{Name} does not say: {says}", $"Run {command}."));
        return One(Finding.If(age <= days, $"{Name}: {says}, {Math.Max(0, age).ToString("0", CultureInfo.InvariantCulture)} days ago, at most {days}", $"It is old: run {command}."));
    }

    /// <returns>Null if the text does not say when it was made.</returns>
    internal static double? AgeInDays(string text, Patient patient) =>
        Regex.Match(text, "\"(?:date|at)\"\\s*:\\s*\"(?<at>[^\"]+)\"", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } match
            && DateTimeOffset.TryParse(match.Groups["at"].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var written) ? (patient.Clock.GetUtcNow() - written).TotalDays : null;
}

/// <summary>What the last load run measured beside the checklist's bounds.</summary>
/// <param name="service">As the report calls it: <c>event service</c> or <c>ticket service</c>.</param>
/// <param name="demand">Which of its demands.</param>
/// <param name="users">So many at least must have been there. The phase with the fewest of those decides; what more users miss is a warning.</param>
internal sealed class LoadProbe(string service, string demand, int users) : Probe("load/results.json")
{
    private const string Command = "load/run";

    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var file = Path.Combine(patient.Root, Name);
        if (!File.Exists(file)) return One(Finding.NoGo($"missing: {Name}", $"Run {Command}."));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file, cancellationToken));
        var phases = json.RootElement.GetProperty("phases").EnumerateArray()
            .Where(phase => phase.GetProperty("service").GetString() == service && phase.GetProperty("users").GetInt32() >= users).ToList();
        if (phases.Count == 0) return One(Finding.NoGo($"{Name}: no phase of the {service} had {users.ToString(CultureInfo.InvariantCulture)} users", $"Run {Command}."));
        var asked = phases.Min(phase => phase.GetProperty("users").GetInt32());
        var lines = phases.SelectMany(phase => phase.GetProperty("lines").EnumerateArray().Select(line => (Line: line, Users: phase.GetProperty("users").GetInt32())))
            .Where(of => Regex.IsMatch(of.Line.GetProperty("demand").GetString() ?? "", demand, RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1))).ToList();
        if (lines.Count == 0) return One(Finding.NoGo($"{Name} says nothing of `{demand}` for the {service}", $"Run {Command}."));
        return [.. lines.Select(of =>
        {
            var (line, many) = of;
            var said = $"{Name}, {many.ToString(CultureInfo.InvariantCulture)} users: {line.GetProperty("demand").GetString()} {line.GetProperty("measured").GetString()} ({line.GetProperty("bound").GetString()})";
            return line.GetProperty("held").ValueKind switch
            {
                JsonValueKind.True => Finding.Go(said),
                JsonValueKind.Null => Finding.Warning(said, $"Run {Command} for longer."),
                _ when many > asked => Finding.Warning(said, $"More than the {asked.ToString(CultureInfo.InvariantCulture)} that are asked for: docs/load-report.md, docs/capacity.md."),
                _ => Finding.NoGo(said, "Find what is slow (docs/load-report.md)."),
            };
        })];
    }
}

/// <summary>The files in which the last run of <c>./test</c> left what passed and what failed.</summary>
internal sealed partial class TestsProbe(string? suite = null) : Probe("artifacts/test-results")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(patient.Root, Name);
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories) : [];
        long passed = 0, failed = 0;
        foreach (var file in files)
        {
            var text = await File.ReadAllTextAsync(file, cancellationToken);
            if (suite is not null && !text.Contains(suite, StringComparison.Ordinal)) continue;
            passed += Count().Matches(text).Where(match => match.Groups["what"].Value == "passed").Sum(match => long.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture));
            failed += Count().Matches(text).Where(match => match.Groups["what"].Value == "failed").Sum(match => long.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture));
        }
        var days = files.Length == 0 ? 0 : (patient.Clock.GetUtcNow() - files.Max(File.GetLastWriteTimeUtc)).TotalDays;
        if (passed + failed == 0) return One(Finding.NoGo($"missing: no result of {suite ?? "./test"} in {Name}", "Run ./test."));
        return One(Finding.If(failed == 0 && days <= 7, $"{passed} passed, {failed} failed, {Math.Max(0, days).ToString("0", CultureInfo.InvariantCulture)} days ago", "Run ./test, and mend what fails."));
    }

    [GeneratedRegex("\"(?<what>passed|failed)\": *(?<n>[0-9]+)")]
    private static partial Regex Count();
}
