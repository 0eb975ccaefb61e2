using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>docs/drills.md, written from what the drills measured, and docs/coverage.md, from what the coverage run counted.</summary>
public sealed partial class DrillsDocTests
{
    private const double LeastPercent = 85;

    // In the order of the page.
    private static readonly string[] s_drills =
    [
        "rolling-restart", "failover", "frozen-replica", "silent-network", "frozen-backend", "database-disk", "service-disk", "log-sink", "memory-killed", "memory-heap", "clock-forward", "clock-back",
        "network-loss", "network-delay", "network-cut-postgres", "network-cut-redis", "slow-clients", "idle-connections", "restore", "migration", "growth", "search", "images", "pods",
    ];

    private static readonly string s_folder = Path.Combine(Checkout.Root, "docs", "drills");

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    [Fact]
    public void The_page_of_drills_has_what_they_measured()
    {
        var page = new StringBuilder("""
            # Drills

            What was broken on purpose while tickets were sold, and what it cost. Each drill is one command, which measures anew and writes its figures to
            `docs/drills/`; this page is written from them by a test. Seconds belong to the machine that is named with them; that nothing is lost does not.


            """);
        var drills = s_drills.Select(Read).OfType<Drill>().ToList();
        var outcomes = drills.SelectMany(drill => drill.Outcomes).ToList();
        Findings.None(outcomes.SelectMany(outcome => outcome.Alerts).Distinct().Where(alert => !File.Exists(Path.Combine(Checkout.Root, "docs", "runbooks", alert + ".md"))));
        page.Append("## Faults at a glance\n\nNo purchase that was answered is lost in any of them, and once a fault is over sales go on by themselves.\n\n").Append(GeneratedDoc.Table(["fault", "a buyer is answered", "sales go on", "alert"],
            outcomes.Select(outcome => new[] { outcome.Fault, outcome.Buyer, outcome.Sales, string.Join(", ", outcome.Alerts.Select(alert => $"[{alert}](runbooks/{alert}.md)")) }))).Append("\n\n");
        foreach (var drill in drills)
        {
            page.Append(CultureInfo.InvariantCulture, $"## {drill.Name}\n\n{Measured(drill)}\n\n");
            if (drill.Rows.Count > 0) page.Append(GeneratedDoc.Table([.. drill.Columns], drill.Rows.Select(row => row.ToArray()))).Append("\n\n");
        }
        GeneratedDoc.Check("drills.md", page.ToString());
    }

    /// <summary>A page that a drill belongs to has a place for what was measured, between <c>&lt;!-- drill NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>.</summary>
    [Theory]
    [InlineData("backup.md", "restore")]
    [InlineData("high-availability.md", "failover")]
    [InlineData("upgrade.md", "rolling-restart")]
    [InlineData("deployment.md", "images")]
    public void A_page_has_the_figures_of_its_drill(string page, string name)
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, "docs", page));
        var (begin, end) = ($"<!-- drill {name} -->\n", "\n<!-- end -->");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = text.IndexOf(end, from, StringComparison.Ordinal);
        Assert.True(from > begin.Length && to > from, $"docs/{page} has no place for {name}");
        var said = Read(name) is { } drill ? Measured(drill) : "This drill has not passed yet.";
        GeneratedDoc.Check(page, string.Concat(text.AsSpan(0, from), said, text.AsSpan(to)));
    }

    [Fact]
    public void What_the_pages_of_the_phases_cite_as_measured_was_measured() =>
        Findings.None(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs", "phases")).SelectMany(page => Figures().Matches(File.ReadAllText(page)).Select(match => match.Value))
            .Where(file => !File.Exists(Path.Combine(Checkout.Root, file))));

    /// <returns>null for a drill that has not passed yet.</returns>
    private static Drill? Read(string name) =>
        Path.Combine(s_folder, name + ".json") is var file && File.Exists(file) ? JsonSerializer.Deserialize<Drill>(File.ReadAllText(file), s_json) : null;

    private static string Measured(Drill drill) =>
        $"{drill.Date}, commit {drill.Commit}, {drill.Processors} processors{(drill.Load is { } load ? string.Create(CultureInfo.InvariantCulture, $" for which {load:0} processes waited on average") : "")}. `{drill.Command}`\n\n{GeneratedDoc.Table(["what", "figure"], drill.Facts.Select(fact => new[] { fact.What, fact.Figure }))}";

    [Fact]
    public void The_page_of_coverage_has_what_was_counted_and_it_is_enough()
    {
        var file = Path.Combine(Checkout.Root, "docs", "coverage.json");
        if (!File.Exists(file)) Assert.Skip("Nobody has counted yet: ./test --coverage, then cp artifacts/coverage/summary.json docs/coverage.json.");
        var counted = JsonSerializer.Deserialize<Coverage>(File.ReadAllText(file), s_json)!;
        GeneratedDoc.Check("coverage.md", $"""
            # Coverage

            Lines of `src` that the tests run, the long ones left out: {counted.Percent:F1} % of {counted.Lines}, on {counted.Date} at commit {counted.Commit}.
            `./test --coverage` counts anew and writes `artifacts/coverage/summary.json`; a copy of it is `docs/coverage.json`, from which a test writes this page and which must not say less than {LeastPercent} %.
            What a source generator wrote is not counted; nor is what runs in a process that a test kills.

            {GeneratedDoc.Table(["project", "lines", "run", "%"], counted.Projects.Select(p => new[] { p.Name, $"{p.Lines}", $"{p.Covered}", $"{p.Percent:F1}" }))}
            """);
        Assert.True(counted.Percent >= LeastPercent, $"{counted.Percent} % of the lines were run; see artifacts/coverage/missed.txt");
    }

    [GeneratedRegex(@"(?:docs/drills|docs|load|bench)/[a-z-]+\.(?:json|md)")]
    private static partial Regex Figures();

    private sealed record Drill
    {
        [System.Text.Json.Serialization.JsonPropertyName("drill")]
        public string? Name { get; init; }
        public string? Date { get; init; }
        public string? Commit { get; init; }
        public int Processors { get; init; }
        public double? Load { get; init; }
        public string? Command { get; init; }
        public required List<Fact> Facts { get; init; }
        public required List<string> Columns { get; init; }
        public required List<List<string>> Rows { get; init; }
        public List<Outcome> Outcomes { get; init; } = [];
    }

    private sealed record Fact(string What, string Figure);

    private sealed record Outcome(string Fault, string Buyer, string Sales, List<string> Alerts);

    private sealed record Coverage(string Date, string Commit, int Lines, int Covered, double Percent, List<Project> Projects);

    private sealed record Project([property: System.Text.Json.Serialization.JsonPropertyName("project")] string Name, int Lines, int Covered, double Percent);
}
