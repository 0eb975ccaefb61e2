using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Operations;

/// <summary>The dashboards and alerts on a real Prometheus and Alertmanager, which watch both services while people use them.</summary>
public sealed partial class WatchingTests(WatchedWorld world) : IClassFixture<WatchedWorld>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly string s_deploy = Path.Combine(RunnableBlock.Root, "deploy");

    [Fact]
    public async Task Every_query_of_every_panel_returns_data_and_every_metric_that_is_asked_for_is_there()
    {
        await world.WatchAsync();
        var panels = new[] { "ticket-service.json", "event-service.json" }.SelectMany(Queries).ToList();
        Assert.Equal(34, panels.Select(panel => panel.Panel).Distinct().Count());
        var rules = Directory.GetFiles(Path.Combine(s_deploy, "prometheus"), "*.rules.yml").Select(File.ReadAllText);
        // A name by itself must have data too: `or vector(0)` would hide that nobody counts.
        var wanted = panels.Select(panel => panel.Expression).Concat(panels.Select(panel => panel.Expression).Concat(rules).SelectMany(text => Metric().Matches(text)).Select(name => name.Value)).ToHashSet();

        var since = TimeProvider.System.GetTimestamp();
        while (wanted.Count > 0 && TimeProvider.System.GetElapsedTime(since) < s_patience)
        {
            await world.LiveAsync();
            foreach (var query in wanted.ToList()) if ((await world.AskAsync(query)).Count > 0) wanted.Remove(query);
        }
        Assert.True(wanted.Count == 0, $"No data for:\n{string.Join('\n', wanted)}");
    }

    [Fact]
    public async Task An_alert_reaches_whom_its_severity_calls_and_so_does_its_end()
    {
        await world.WatchAsync();
        var healthy = world.Outside.Metrics;
        world.Outside.Metrics = healthy.Replace("admitone_inventory_drift 0", "admitone_inventory_drift 3", StringComparison.Ordinal);
        Assert.NotEqual(healthy, world.Outside.Metrics);
        await World.UntilAsync(() => Task.FromResult(HasCome("firing")), s_patience);
        world.Outside.Metrics = healthy;
        await World.UntilAsync(() => Task.FromResult(HasCome("resolved")), s_patience);
        Assert.DoesNotContain(world.Outside.Called, call => call.Alert == "InventoryDrift" && call.Receiver is "slack-warnings" or "slack-notes");

        bool HasCome(string status) => new[] { "pagerduty-critical", "slack-critical" }.All(receiver => world.Outside.Called.Contains((receiver, status, "InventoryDrift")));
    }

    [Fact]
    public async Task Stock_that_differs_from_its_rows_shows_in_the_next_recount()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        await world.BoughtAsync(sale, 2);
        Assert.Equal("0", await DriftSeenAtStartAsync());
        await world.Sql("update tickets.stock set sold = sold - 1 where event_id = @EventId", new { sale.EventId });
        Assert.Equal("1", await DriftSeenAtStartAsync());
        await world.Sql("update tickets.stock set sold = sold + 1 where event_id = @EventId", new { sale.EventId });
    }

    // A replica recounts as soon as it runs.
    private async Task<string> DriftSeenAtStartAsync()
    {
        var replica = await world.StartReplicaAsync();
        using var client = world.Client(replica.Url);
        string? seen = null;
        await World.UntilAsync(async () => (seen = (await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Split('\n')
            .FirstOrDefault(line => line.StartsWith("admitone_inventory_drift{", StringComparison.Ordinal))) is not null, s_patience);
        await world.KillReplicaAsync(replica.Url);
        return seen!.Split(' ')[1];
    }

    private static IEnumerable<(string Panel, string Expression)> Queries(string file) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(s_deploy, "grafana", file))).GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target => ($"{file}: {panel.GetProperty("title").GetString()}", target.GetProperty("expr").GetString()!)));

    // What is a label stands before = or, in a grouping, is one of these.
    [GeneratedRegex(@"\b(?!db_client_connection_state|db_client_connection_pool_name)(?:admitone|dotnet|http_server|db_client)_[a-z_]+")]
    private static partial Regex Metric();
}
