using System.Text.RegularExpressions;
using AdmitOne.Cli.Checklists;
using AdmitOne.Cli.Doctor;
using AdmitOne.Events;
using AdmitOne.Platform.Configuration;
using AdmitOne.Tickets;
using AdmitOne.UnitTests.Architecture;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.UnitTests.Doctor;

/// <summary>Every line of both checklists is walked, by a probe that looks or by a person who is told how.</summary>
public sealed partial class ChecklistTests
{
    public static TheoryData<string, string> Lists => new() { { "events", "event-service.md" }, { "tickets", "ticket-service.md" } };

    [Theory, MemberData(nameof(Lists))]
    public void No_line_of_the_checklist_is_missing_and_none_is_invented(string service, string page)
    {
        var walked = Of(service).Select(line => $"{line.Section} | {line.Text}");
        Assert.Equal(Written(Path.Combine(Checkout.Root, "docs", "checklists", page)), walked);
    }

    [Theory, MemberData(nameof(Lists))]
    public void What_a_person_must_do_has_a_section_that_tells_how(string service, string page)
    {
        var duties = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "duties.md"));
        var sections = Heading().Matches(duties).Select(heading => "docs/duties.md#" + heading.Groups["text"].Value.Trim().ToLowerInvariant().Replace(' ', '-')).ToHashSet();
        Findings.None(Of(service).Where(line => line is { Probe: null, IsGroup: false } && !sections.Contains(line.Page)).Select(line => $"{page}: {line.Text} → {line.Page}"));
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task In_a_system_where_everything_is_broken_no_line_says_go(string service, string page)
    {
        var nothing = Directory.CreateTempSubdirectory("admitone-checklist-");
        var broken = new ConfigurationBuilder().AddInMemoryCollection(Settings().Distinct().ToDictionary(name => name, string? (name) => name switch
        {
            "DB_PORT" or "REDIS_PORT" or "METRICS_PORT" => "1",
            "DB_HOST" or "REDIS_HOST" => "127.0.0.1",
            "SENTRY_DSN" or "DB_NAME" or "DB_USER" or "DB_PASSWORD" or "REDIS_PASSWORD" => "",
            _ => "wrong",
        })).Build();
        // What the two services should share they do not.
        var other = new ConfigurationBuilder().AddConfiguration(broken).AddInMemoryCollection([KeyValuePair.Create<string, string?>("INTERNAL_API_KEY", "another")]).Build();
        await using var patient = new Patient(Patient.Of(broken, other)) { Root = nothing.FullName, EventsUrl = new Uri("http://127.0.0.1:1"), TicketsUrl = new Uri("http://127.0.0.1:1"), PrometheusUrl = new Uri("http://127.0.0.1:1") };
        var walked = await ChecklistWalk.RunAsync(Of(service), patient, TestContext.Current.CancellationToken);
        nothing.Delete(recursive: true);
        // A port that is named is a port, and what is optional may be left out.
        string[] always = ["`DB_HOST` - PostgreSQL host", "`DB_PORT` - PostgreSQL port (5432)", "`REDIS_HOST` - Redis host", "`REDIS_PORT` - Redis port (6379)",
            "`REDIS_DB` - Redis database number", "`METRICS_PORT` - Metrics port (if separate)", "`SENTRY_DSN` - Error tracking (optional)"];
        Findings.None(walked.Where(line => line.Finding.Verdict is Verdict.Go && !always.Contains(line.Line.Text)).Select(line => $"{page}: {line.Line.Text}: {line.Finding.Found}"));
        Assert.All(walked.Where(line => line.Line is { Probe: null, IsGroup: false }), line => Assert.Equal(Verdict.Person, line.Finding.Verdict));
        Assert.All(walked, line => Assert.NotEmpty(line.Finding.Found));
    }

    [Fact]
    public async Task Every_file_that_a_line_is_about_says_what_it_should()
    {
        await using var patient = new Patient(Patient.Of(new ConfigurationBuilder().Build(), new ConfigurationBuilder().Build())) { Root = Checkout.Root };
        foreach (var (_, lines) in ChecklistTables.All)
        {
            var walked = await ChecklistWalk.RunAsync(lines.Where(line => line.Probe is FileProbe or PanelsProbe or AlertsProbe).ToArray(), patient, TestContext.Current.CancellationToken);
            Assert.True(walked.Count > 5);
            // No registry within reach has a list of vulnerabilities, and the page says so (docs/dependencies.md).
            Findings.None(walked.Where(line => line.Finding.Verdict is not Verdict.Go && !line.Finding.Found.Contains("the audit is dated", StringComparison.Ordinal)).Select(line => $"{line.Line.Text}: {line.Finding.Found}"));
        }
    }

    [Fact]
    public async Task A_figure_and_a_page_turn_their_lines()
    {
        var root = Directory.CreateTempSubdirectory("admitone-checklist-");
        await using var patient = new Patient(Patient.Of(new ConfigurationBuilder().Build(), new ConfigurationBuilder().Build())) { Root = root.FullName };
        var today = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}";
        var coverage = new FigureProbe("summary.json", "percent", 85, "%", 90, "./test --coverage");
        Assert.Equal(Verdict.NoGo, await VerdictAsync(coverage, null));
        Assert.Equal(Verdict.Go, await VerdictAsync(coverage, $$"""{"date": "{{today}}", "percent": 85.0}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(coverage, $$"""{"date": "{{today}}", "percent": 84.9}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(coverage, $$"""{"date": "{{today}}", "lines": 99}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(coverage, """{"date": "2020-01-01", "percent": 99}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(coverage, """{"percent": 99}"""));

        var manifest = new FileProbe("service.yaml", "three replicas or more", @"^\s*replicas: ([3-9]|\d\d)");
        Assert.Equal(Verdict.Go, await VerdictAsync(manifest, "spec:\n  replicas: 3\n"));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(manifest, "spec:\n  replicas: 2\n"));

        var drill = new FreshProbe("restore.json", "brought back", 90, "the drill");
        Assert.Equal(Verdict.Go, await VerdictAsync(drill, $$"""{"date": "{{today}}"}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(drill, """{"date": "2020-01-01"}"""));
        Directory.CreateDirectory(Path.Combine(root.FullName, "docs", "drills"));
        Assert.Equal(Verdict.Go, await VerdictAsync(new Looks("tickets").MigrationDrill, $$"""{"date": "{{today}}", "facts": [{"what": "rows before", "figure": "1,000,000"}]}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(new Looks("tickets").MigrationDrill, $$"""{"date": "{{today}}", "facts": [{"what": "rows before", "figure": "999,999"}]}"""));

        var panels = new PanelsProbe("board.json", 2);
        const string Panel = """{"title":"a","type":"stat","targets":[{"expr":"up"}],"fieldConfig":{"defaults":{"thresholds":{}}}}""";
        Assert.Equal(Verdict.Go, await VerdictAsync(panels, $$"""{"panels":[{{Panel}},{{Panel}}]}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(panels, $$"""{"panels":[{{Panel}}]}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(panels, $$"""{"panels":[{{Panel}},{{Panel.Replace("up", "", StringComparison.Ordinal)}}]}"""));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(panels, $$"""{"panels":[{{Panel}},{{Panel.Replace("thresholds", "none", StringComparison.Ordinal)}}]}"""));

        var alerts = new AlertsProbe("rules.yml", 1);
        Assert.Equal(Verdict.NoGo, await VerdictAsync(alerts, "      - alert: SomethingDown\n"));
        Directory.CreateDirectory(Path.Combine(root.FullName, "docs", "runbooks"));
        await File.WriteAllTextAsync(Path.Combine(root.FullName, "docs", "runbooks", "SomethingDown.md"), "# SomethingDown", TestContext.Current.CancellationToken);
        Assert.Equal(Verdict.Go, await VerdictAsync(alerts, "      - alert: SomethingDown\n"));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(alerts, "      - alert: SomethingDown\n      - alert: NobodyKnows\n"));

        Directory.CreateDirectory(Path.Combine(root.FullName, "load"));
        var load = new LoadProbe("ticket service", "p95 of .*purchase", 500);
        const string Load = """{"phases":[{"service":"ticket service","users":500,"lines":[{"demand":"p95 of purchase","bound":"< 2,000 ms","measured":"80 ms","held":true}]}]}""";
        Assert.Equal(Verdict.NoGo, await VerdictAsync(load, null));
        Assert.Equal(Verdict.Go, await VerdictAsync(load, Load));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(load, Load.Replace("true", "false", StringComparison.Ordinal)));
        Assert.Equal(Verdict.Warning, await VerdictAsync(load, Load.Replace("true", "null", StringComparison.Ordinal)));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(load, Load.Replace("500", "499", StringComparison.Ordinal)));
        // More than is asked for may miss, be it measured first or last; what is asked for may not.
        const string More = """{"service":"ticket service","users":1000,"lines":[{"demand":"p95 of purchase","bound":"< 2,000 ms","measured":"3,000 ms","held":false}]}""";
        Assert.Equal(Verdict.Warning, await VerdictAsync(load, Load.Replace("]}]}", $"]}},{More}]}}", StringComparison.Ordinal)));
        Assert.Equal(Verdict.Warning, await VerdictAsync(load, Load.Replace("[{\"service", $"[{More},{{\"service", StringComparison.Ordinal)));
        Assert.Equal(Verdict.NoGo, await VerdictAsync(load, Load.Replace("true", "false", StringComparison.Ordinal).Replace("]}]}", $"]}},{More}]}}", StringComparison.Ordinal)));

        // As the test runner writes them.
        var tests = new FreshTestsOf("walk");
        var results = Path.Combine(Directory.CreateDirectory(Path.Combine(root.FullName, "artifacts", "test-results")).FullName, "run.ctrf");
        const string Walked = """{"results": {"tests": [{"name": "AdmitOne.IntegrationTests.Trust.WalkTests.Every_door_opens", "status": "passed", "duration": 8}]}}""";
        Assert.Equal(Verdict.NoGo, (await tests.LookAsync(patient, TestContext.Current.CancellationToken))[0].Verdict);
        foreach (var (text, verdict) in new[] { (Walked, Verdict.Go), (Walked.Replace("passed", "failed", StringComparison.Ordinal), Verdict.NoGo), (Walked.Replace("Walk", "Talk", StringComparison.Ordinal), Verdict.NoGo) })
        {
            await File.WriteAllTextAsync(results, text, TestContext.Current.CancellationToken);
            Assert.Equal(verdict, (await tests.LookAsync(patient, TestContext.Current.CancellationToken))[0].Verdict);
        }
        root.Delete(recursive: true);

        async Task<Verdict> VerdictAsync(Probe probe, string? text)
        {
            if (text is not null) await File.WriteAllTextAsync(Path.Combine(root.FullName, probe.Name), text, TestContext.Current.CancellationToken);
            return ChecklistWalk.Worst(await Examination.LookAsync(probe, patient, TestContext.Current.CancellationToken)).Verdict;
        }
    }

    private static IReadOnlyList<ChecklistLine> Of(string service) => ChecklistTables.All.First(list => list.Service == service).Lines;

    private static List<string> Settings() => [.. from type in new[] { typeof(ServiceOptions).Assembly, typeof(EventsService).Assembly, typeof(TicketsService).Assembly }.SelectMany(assembly => assembly.GetTypes())
        from property in type.GetProperties()
        from named in property.GetCustomAttributes(typeof(ConfigurationKeyNameAttribute), false).Cast<ConfigurationKeyNameAttribute>()
        select named.Name];

    // A bullet, a ✅, or the numbered comment of a command: that is a line.
    private static List<string> Written(string page)
    {
        var (lines, section, code) = (new List<string>(), "", false);
        foreach (var line in File.ReadLines(page))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) code = !code;
            else if (!code && line.StartsWith('#')) section = line.TrimStart('#').Trim();
            else if ((code ? Command() : Item()).Match(line) is { Success: true } match) lines.Add($"{section} | {match.Groups["text"].Value.Trim()}");
        }
        return lines;
    }

    [GeneratedRegex(@"^\s*(?:- (?:\[[ x]\] )?|✅ )(?<text>.*)$")]
    private static partial Regex Item();

    [GeneratedRegex(@"^# (?<text>\d+\. .*)$")]
    private static partial Regex Command();

    [GeneratedRegex(@"^## (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
