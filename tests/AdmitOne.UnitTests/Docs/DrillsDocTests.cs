using System.Globalization;
using System.Text;
using System.Text.Json;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>docs/drills.md, written from what the drills measured, and docs/coverage.md, from what the coverage run counted.</summary>
public sealed class DrillsDocTests
{
    private const double LeastPercent = 85;

    // In the order of the page; other drills have pages of their own.
    private static readonly string[] s_drills = ["migration", "restore", "failover"];

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    [Fact]
    public void The_page_of_drills_has_what_they_measured()
    {
        var page = new StringBuilder("""
            # Drills

            What was broken on purpose while tickets were sold, and what it cost. Each drill is one command, which measures anew and writes its figures to
            `docs/drills/`; this page is written from them by a test. Seconds belong to the machine that is named with them; that nothing is lost does not.


            """);
        var folder = Path.Combine(Checkout.Root, "docs", "drills");
        foreach (var file in s_drills.Select(name => Path.Combine(folder, name + ".json")).Where(File.Exists))
        {
            var drill = JsonSerializer.Deserialize<Drill>(File.ReadAllText(file), s_json)!;
            page.Append(CultureInfo.InvariantCulture, $"## {drill.Name}\n\n{drill.Date}, commit {drill.Commit}, {drill.Processors} processors. `{drill.Command}`\n\n");
            page.Append(GeneratedDoc.Table(["what", "figure"], drill.Facts.Select(fact => new[] { fact.What, fact.Figure }))).Append("\n\n");
            if (drill.Rows.Count > 0) page.Append(GeneratedDoc.Table([.. drill.Columns], drill.Rows.Select(row => row.ToArray()))).Append("\n\n");
        }
        GeneratedDoc.Check("drills.md", page.ToString());
    }

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

    private sealed record Drill
    {
        [System.Text.Json.Serialization.JsonPropertyName("drill")]
        public string? Name { get; init; }
        public string? Date { get; init; }
        public string? Commit { get; init; }
        public int Processors { get; init; }
        public string? Command { get; init; }
        public required List<Fact> Facts { get; init; }
        public required List<string> Columns { get; init; }
        public required List<List<string>> Rows { get; init; }
    }

    private sealed record Fact(string What, string Figure);

    private sealed record Coverage(string Date, string Commit, int Lines, int Covered, double Percent, List<Project> Projects);

    private sealed record Project([property: System.Text.Json.Serialization.JsonPropertyName("project")] string Name, int Lines, int Covered, double Percent);
}
