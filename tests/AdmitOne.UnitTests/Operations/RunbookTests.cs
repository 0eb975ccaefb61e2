using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

/// <summary>Who is woken by an alert finds its page, and on it nothing that does not exist.</summary>
public sealed partial class RunbookTests(Services services) : IClassFixture<Services>
{
    private static readonly string[] s_headings = ["## What it means", "## How to confirm", "## What to do", "## How to know it is over"];
    private static readonly string s_folder = Path.Combine(Checkout.Root, "docs", "runbooks");

    private static IEnumerable<(string Name, string Text)> Pages =>
        Directory.EnumerateFiles(s_folder, "*.md").Where(file => Path.GetFileName(file) != "README.md").Order(StringComparer.Ordinal).Select(file => (Path.GetFileNameWithoutExtension(file), File.ReadAllText(file)));

    [Fact]
    public void Every_alert_has_its_runbook_and_every_runbook_its_alert() =>
        Assert.Equal(AlertRule.All.Select(rule => rule.Name).Order(StringComparer.Ordinal), Pages.Select(page => page.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void A_runbook_says_what_it_means_how_to_confirm_what_to_do_and_how_to_know_that_it_is_over()
    {
        foreach (var (name, text) in Pages)
        {
            Assert.StartsWith($"# {name}\n", text, StringComparison.Ordinal);
            Assert.Equal(s_headings, text.Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal)));
            Assert.All(Heading().Split(text).Skip(1), section => Assert.True(section.Trim().Length > 30, $"{name}: a heading without its text"));
        }
    }

    [Fact]
    public void Links_lead_somewhere()
    {
        foreach (var (name, text) in Pages.Append(("troubleshooting", Troubleshooting())))
        {
            var folder = name == "troubleshooting" ? Path.Combine(Checkout.Root, "docs") : s_folder;
            Findings.None(Link().Matches(text).Select(link => link.Groups["to"].Value).Where(to => !File.Exists(Path.Combine(folder, to))).Select(to => $"{name}: {to}"));
            Findings.None(Page().Matches(text).Select(page => page.Value).Where(page => !File.Exists(Path.Combine(Checkout.Root, page))).Select(page => $"{name}: {page}"));
        }
    }

    [Fact]
    public void What_is_to_be_typed_exists()
    {
        var routes = services.Routes.Select(r => Hole().Replace("/" + r.Route.RoutePattern.RawText!.Trim('/'), "*")).ToHashSet();
        var commands = Directory.EnumerateFiles(Path.Combine(Checkout.ProjectFolder("Cli"), "Commands"), "*.cs").SelectMany(file => Command().Matches(File.ReadAllText(file))).Select(c => c.Groups["name"].Value).ToHashSet();
        var configured = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "configuration.md"));
        foreach (var (name, text) in Pages.Append(("troubleshooting", Troubleshooting())))
        {
            Findings.None(Address().Matches(text).Select(path => Hole().Replace(path.Value.TrimEnd('/', '.', ','), "*")).Where(path => !routes.Contains(path)).Select(path => $"{name}: {path} is no route"));
            Findings.None(Typed().Matches(text).Select(typed => typed.Groups["command"].Value).Where(command => !commands.Contains(command)).Select(command => $"{name}: admitone {command}"));
            Findings.None(Variable().Matches(text).Select(variable => variable.Groups["name"].Value).Where(variable => !configured.Contains($"`{variable}`", StringComparison.Ordinal) && !variable.EndsWith("_PREVIOUS", StringComparison.Ordinal)).Select(variable => $"{name}: {variable}"));
        }
    }

    [Fact]
    public async Task Prometheus_can_read_every_query_of_the_runbooks()
    {
        var queries = Pages.SelectMany(page => Query().Matches(page.Text)).SelectMany(block => block.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Distinct().ToList();
        var metrics = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "metrics.md"));
        Findings.None(queries.SelectMany(query => Ours().Matches(query)).Select(name => HistogramPart().Replace(name.Value, "")).Distinct()
            .Where(name => name != "admitone_backup_last_success_timestamp_seconds" && !metrics.Contains($"`{name}`", StringComparison.Ordinal)));
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { groups = new[] { new { name = "runbooks", rules = queries.Select((expr, i) => new { record = $"runbook:{i}", expr }) } } }), TestContext.Current.CancellationToken);
            await Tool.RunAsync("promtool", "prometheus", "check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Troubleshooting() => File.ReadAllText(Path.Combine(Checkout.Root, "docs", "troubleshooting.md"));

    [GeneratedRegex("^## .*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\((?<to>[\w./-]+\.md)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bdocs/[\w-]+\.md")]
    private static partial Regex Page();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"(?<![\w.])/(?:api/v1|health)[\w/{}-]*")]
    private static partial Regex Address();

    [GeneratedRegex(@"new Command\(""(?<name>[\w-]+)""")]
    private static partial Regex Command();

    [GeneratedRegex(@"(?:`|^)(?:\./)?admitone (?<command>[a-z]+)", RegexOptions.Multiline)]
    private static partial Regex Typed();

    [GeneratedRegex(@"`(?<name>(?:RATE_LIMIT|DB|REDIS|JWT|DOOR|RESERVATION|TRUSTED|METRICS|ENABLE|INTERNAL|PAYMENT)_[A-Z_]+)`")]
    private static partial Regex Variable();

    [GeneratedRegex(@"```promql\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Query();

    [GeneratedRegex(@"\badmitone_[a-z_]+\b(?!\(|')")]
    private static partial Regex Ours();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex HistogramPart();
}
