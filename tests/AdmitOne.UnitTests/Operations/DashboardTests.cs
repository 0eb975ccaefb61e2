using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

public sealed partial class DashboardTests
{
    private const int Columns = 24;

    private static readonly string[] s_ofTickets =
    [
        "Service health", "Request rate", "Error rate", "Response time p95/p99", "Response time p50", "Ticket purchases (24 h)", "Active reservations", "QR validations (1 h)", "Failed purchases (1 h)",
        "Rate limit hits (1 h)", "Database connection pool", "Database query duration", "Redis operations", "Redis hit rate", "Memory usage", "CPU usage", "Thread-pool delay",
    ];

    private static readonly string[] s_ofEvents =
    [
        "Service health", "Request rate", "Response time p95/p99", "Error rate", "Database pool", "Redis status", "Blocked requests", "Event operations", "Lifecycle transitions",
        "Cache hit rate", "Memory", "CPU", "Venue service health", "Auth service health", "Database query p95", "Outbox backlog", "Events by status",
    ];

    [Fact]
    public void Each_dashboard_has_its_seventeen_panels_in_order()
    {
        Assert.Equal(s_ofTickets, Dashboard.All[0].Titles);
        Assert.Equal(s_ofEvents, Dashboard.All[1].Titles);
    }

    [Fact]
    public void Panels_fit_the_grid_and_none_covers_another()
    {
        foreach (var dashboard in Dashboard.All)
        {
            var taken = new HashSet<(int, int)>();
            foreach (var at in dashboard.Panels.Select(panel => panel.GetProperty("gridPos")))
            {
                var (x, y, w, h) = (Number(at, "x"), Number(at, "y"), Number(at, "w"), Number(at, "h"));
                Assert.InRange(x + w, 1, Columns);
                for (var column = x; column < x + w; column++)
                    for (var row = y; row < y + h; row++)
                        Assert.True(taken.Add((column, row)), $"{dashboard.File}: two panels at column {column}, row {row}");
            }
            Assert.Equal(dashboard.Panels.Count(), dashboard.Panels.Select(panel => Number(panel, "id")).Distinct().Count());
        }
    }

    [Fact]
    public void Every_panel_asks_the_chosen_data_source_says_what_it_shows_and_every_stat_has_thresholds()
    {
        foreach (var dashboard in Dashboard.All)
        {
            Assert.Equal("datasource", dashboard.Root.GetProperty("templating").GetProperty("list")[0].GetProperty("type").GetString());
            foreach (var panel in dashboard.Panels)
            {
                Assert.NotEmpty(panel.GetProperty("description").GetString()!);
                Assert.NotEmpty(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString()!);
                Assert.All(panel.GetProperty("targets").EnumerateArray().Append(panel), part => Assert.Equal("${datasource}", part.GetProperty("datasource").GetProperty("uid").GetString()));
                var steps = panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("thresholds").GetProperty("steps").GetArrayLength();
                if (panel.GetProperty("type").GetString() == "stat") Assert.InRange(steps, 2, 5);
            }
        }
    }

    [Fact]
    public void What_alerts_and_panels_ask_for_is_on_the_page_of_metrics()
    {
        var page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "metrics.md"));
        var asked = Dashboard.All.SelectMany(dashboard => dashboard.Queries).Select(query => query.Expression).Concat(AlertRule.All.Select(rule => rule.Expression))
            .SelectMany(expression => Ours().Matches(expression)).Select(name => name.Value).Distinct();
        // The backup writes its metric for another collector; it is no meter of a service.
        Findings.None(asked.Where(name => name != "admitone_backup_last_success_timestamp_seconds" && !IsListed(name) && !IsListed(HistogramPart().Replace(name, ""))));

        bool IsListed(string name) => page.Contains($"`{name}`", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prometheus_can_read_every_query()
    {
        // promtool reads expressions in rules only: each query becomes one.
        var file = Path.GetTempFileName();
        try
        {
            var queries = Dashboard.All.SelectMany(dashboard => dashboard.Queries).Select(query => query.Expression).ToList();
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { groups = new[] { new { name = "panels", rules = queries.Select((expr, i) => new { record = $"panel:{i}", expr }) } } }), TestContext.Current.CancellationToken);
            Assert.Contains($"{queries.Count} rules found", await Tool.RunAsync("promtool", "prometheus", "check", "rules", file), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Number(JsonElement of, string name) => of.GetProperty(name).GetInt32();

    [GeneratedRegex(@"\b(?!db_client_connection_state)(?:admitone|dotnet|http_server|db_client)_\w+")]
    private static partial Regex Ours();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex HistogramPart();
}
