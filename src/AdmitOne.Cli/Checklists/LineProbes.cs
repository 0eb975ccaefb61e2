using System.Globalization;
using AdmitOne.Cli.Doctor;
using Npgsql;

namespace AdmitOne.Cli.Checklists;

/// <summary>Several that must all be right.</summary>
internal sealed class SeveralProbe(IReadOnlyList<Probe> probes) : Probe(string.Join(", ", probes.Select(probe => probe.Name)))
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var all = new List<Finding>();
        foreach (var probe in probes) all.AddRange(await probe.LookAsync(patient, cancellationToken));
        return all;
    }
}

/// <summary>Everything that the variables alone can say.</summary>
internal sealed class AllVariablesProbe() : Probe("admitone doctor --env")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var lines = await Examination.RunAsync(Examination.OfVariables, patient, cancellationToken);
        var wrong = lines.Where(line => line.Finding.Verdict == Verdict.NoGo).Select(line => line.Finding).ToList();
        return wrong.Count == 0 ? One(Finding.Go($"{Examination.OfVariables.Count} probes of the variables find nothing")) : wrong;
    }
}

/// <summary>Whether the session with the database is encrypted.</summary>
internal sealed class EncryptedProbe() : CatalogueProbe("TLS to the database")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var ssl = await ListAsync(connection, "select coalesce((select version from pg_stat_ssl where pid = pg_backend_pid() and ssl), '')", cancellationToken);
        return One(Finding.If(ssl[0].Length > 0, ssl[0].Length > 0 ? $"the session speaks {ssl[0]}" : "the session is not encrypted", "Set DB_SSL_MODE=verify-full, and ssl = on in the server."));
    }
}

/// <summary>Rows whose key names nothing cannot exist under a validated key; one that is not validated may hide some.</summary>
internal sealed class OrphansProbe() : CatalogueProbe("orphans")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var loose = await ListAsync(connection, """
            select c.conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname in ('platform', 'events', 'tickets', 'identity') and c.contype = 'f' and not c.convalidated
            """, cancellationToken);
        var keys = await ListAsync(connection, "select c.conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = 'tickets' and c.contype = 'f' and c.convalidated", cancellationToken);
        var missing = Schema.ForeignKeys.Counted.Select(key => key.Name).Except(keys).ToList();
        return One(Finding.If(loose.Count == 0 && missing.Count == 0, loose.Count + missing.Count == 0 ? "every key is validated: PostgreSQL itself has looked at every row"
            : $"not validated or missing: {string.Join(", ", loose.Concat(missing))}", "admitone migrate validate names the rows."));
    }
}

/// <summary>A chosen second can be restored only from an archive of the write-ahead log.</summary>
internal sealed class ArchiveProbe() : CatalogueProbe("archive")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var mode = await SettingAsync(connection, "archive_mode", cancellationToken);
        return One(Finding.If(mode is "on" or "always", $"archive_mode is {mode}", "Archive the write-ahead log as docs/backup.md says; a managed PostgreSQL has it as a switch."));
    }
}

/// <summary>One neighbour that a variable names.</summary>
internal sealed class NeighbourProbe(string service, string variable) : Probe(variable)
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (Running.Told(patient, service).Settings[Name] is not { Length: > 0 } url) return One(Finding.NoGo($"{Name} is not set", $"Set {Name} (docs/configuration.md)."));
        try
        {
            using var answer = await Running.AskAsync(new Uri(url), "/health", cancellationToken);
            return One(Finding.If((int)answer.StatusCode < 500, $"{Name} answers {((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture)}", "Look at that service."));
        }
        catch (Exception away) when (away is HttpRequestException or UriFormatException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return One(Finding.NoGo($"{Name} cannot be reached: {away.Message}", "Start it, or mend the URL or the network policy."));
        }
    }
}

/// <summary>/metrics answers where it is scraped, in Prometheus' format.</summary>
internal sealed class AnswersMetrics(string service) : Probe("/metrics")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (Running.Url(patient, service) is null) return One(Running.NotThere(service));
        var text = await Running.MetricsAsync(patient, service, cancellationToken);
        return One(Finding.If(text?.Contains("# TYPE ", StringComparison.Ordinal) == true, text is null ? "/metrics does not answer" : $"/metrics answers {text.Length.ToString(CultureInfo.InvariantCulture)} characters", "Set ENABLE_METRICS, and METRICS_PORT to where it is scraped."));
    }
}

/// <summary>How much of the machine the process takes, over a second.</summary>
internal sealed class CpuProbe(string service) : Probe("CPU")
{
    private const double Most = 0.8;

    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (Running.Url(patient, service) is null) return One(Running.NotThere(service));
        var started = TimeProvider.System.GetTimestamp();
        var first = await Running.MetricsAsync(patient, service, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        var second = await Running.MetricsAsync(patient, service, cancellationToken);
        if (first is null || second is null) return One(Finding.NoGo("/metrics does not answer", "Set ENABLE_METRICS, and METRICS_PORT to where it is scraped."));
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var (before, after) = (new Samples(first, default), new Samples(second, default));
        const string Time = "dotnet_process_cpu_time_seconds_total";
        if (!after.Has(Time)) return One(Finding.NoGo("the process does not say", "Metrics of System.Runtime are missing."));
        var share = (after.Sum(Time) - before.Sum(Time)) / seconds / Math.Max(1, after.Max("dotnet_process_cpu_count") ?? 1);
        return One(Finding.If(share < Most, $"{share.ToString("P0", CultureInfo.InvariantCulture)} of its cores over a second", "Is it a rush (request rate), or a loop (worker metrics)?"));
    }
}

/// <summary>Tests whose names have a word in them passed in the last run of ./test.</summary>
internal sealed partial class FreshTestsOf(string word) : Probe($"tests of {word}")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(patient.Root, "artifacts", "test-results");
        var (passed, failed) = (0, 0);
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.ctrf", SearchOption.AllDirectories) : [])
        {
            foreach (System.Text.RegularExpressions.Match test in Named().Matches(await File.ReadAllTextAsync(file, cancellationToken)))
            {
                if (!test.Groups["name"].Value.Contains(word, StringComparison.OrdinalIgnoreCase)) continue;
                if (test.Groups["status"].Value == "passed") passed++;
                else if (test.Groups["status"].Value == "failed") failed++;
            }
        }
        return One(Finding.If(passed > 0 && failed == 0, passed + failed == 0 ? $"missing: no result of a test of {word} in artifacts/test-results" : $"{passed} passed, {failed} failed", "Run ./test, and mend what fails."));
    }

    [System.Text.RegularExpressions.GeneratedRegex("\"name\"\\s*:\\s*\"(?<name>(?:[^\"\\\\]|\\\\.)*)\"\\s*,\\s*\"status\"\\s*:\\s*\"(?<status>\\w+)\"")]
    private static partial System.Text.RegularExpressions.Regex Named();
}

/// <summary>Both checklists.</summary>
internal static class ChecklistTables
{
    public static IReadOnlyList<(string Service, IReadOnlyList<ChecklistLine> Lines)> All { get; } =
        [("events", EventChecklist.Lines), ("tickets", TicketChecklist.Lines)];
}
