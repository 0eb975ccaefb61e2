using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Operations;

/// <summary>Both services as processes of their own, and a Prometheus with the rules of deploy/ that scrapes them each second.</summary>
public sealed class WatchedWorld(Stack stack) : World(stack, [("ENABLE_RATE_LIMITING", "true"), ("DB_POOL_MAX", "12")]), IAsyncDisposable
{
    private static readonly HttpClient s_http = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly string _folder = Directory.CreateTempSubdirectory("admitone-watched-").FullName;
    private WatchingProgram? _alertmanager;

    internal WatchingProgram? Prometheus { get; private set; }

    internal OutsideTarget Outside { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Deploy => Path.Combine(RunnableBlock.Root, "deploy");

    /// <summary>Starts what is not running yet.</summary>
    public async Task WatchAsync()
    {
        WatchingProgram.SkipIfMissing();
        await _one.WaitAsync(Cancellation);
        try
        {
            if (Prometheus is not null) return;
            await SpeakToProcessesAsync();
            Outside = await OutsideTarget.StartAsync();
            Outside.Metrics = $"admitone_backup_last_success_timestamp_seconds {TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}\nadmitone_inventory_drift 0\n";
            _alertmanager = await WatchingProgram.StartAsync("prometheus-alertmanager", $"--config.file={await RoutedHereAsync()}", $"--storage.path={_folder}", "--cluster.listen-address=");
            var configuration = Path.Combine(_folder, "prometheus.yml");
            await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new
            {
                global = new { scrape_interval = "1s", evaluation_interval = "1s" },
                rule_files = Directory.GetFiles(Path.Combine(Deploy, "prometheus"), "*.rules.yml"),
                alerting = new { alertmanagers = new[] { new { static_configs = new[] { new { targets = new[] { _alertmanager.Url.Authority } } } } } },
                scrape_configs = new[] { Job("ticket-service", TicketsUrl), Job("event-service", EventsUrl), Job("node", Outside.Url) },
            }), Cancellation);
            Prometheus = await WatchingProgram.StartAsync("prometheus", $"--config.file={configuration}", $"--storage.tsdb.path={_folder}/data");
            await UntilAsync(async () => await ValueAsync("""count(up{job=~"ticket-service|event-service"} == 1)""") == 2, TimeSpan.FromMinutes(1));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Asks Prometheus.</summary>
    /// <returns>The values that are numbers; empty if there is no data.</returns>
    public async Task<IReadOnlyList<double>> AskAsync(string query)
    {
        var answer = await s_http.GetFromJsonAsync<JsonElement>(new Uri(Prometheus!.Url, $"/api/v1/query?query={Uri.EscapeDataString(query)}"), Cancellation);
        return [.. answer.GetProperty("data").GetProperty("result").EnumerateArray()
            .Select(one => double.Parse(one.GetProperty("value")[1].GetString()!.Replace("Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture)).Where(value => !double.IsNaN(value))];
    }

    /// <summary>A little of everything: one event is made and sold, people hold, buy, pay badly, hand on, give back, come in, and ask too often.</summary>
    public async Task LiveAsync()
    {
        var sale = await PutOnSaleAsync(quantity: 100);
        using var manager = Events(Roles.VenueManager);
        var draft = (await manager.MakeAsync("/api/v1/events", new { name = "Not to be", venueId = await VenueAsync(), startsAt = "2031-05-01T19:00:00Z", endsAt = "2031-05-01T22:00:00Z", timeZone = "Europe/Amsterdam", categorySlug = "music" })).Id();
        await manager.DeleteAsync($"/api/v1/events/{draft}", Cancellation);

        using var visitor = Events();
        using var eager = Tickets(Roles.Customer, Guid.CreateVersion7());
        var readings = Enumerable.Range(0, 10).Select(_ => visitor.GetAsync($"/api/v1/events/{sale.EventId}", Cancellation));
        var crowd = Enumerable.Range(0, 40).Select(_ => HoldAsync(sale, quantity: 1));
        var lookers = Enumerable.Range(0, 40).Select(_ => LookAsync(sale));
        var presses = Enumerable.Range(0, 8).Select(_ => eager.GetAsync($"/api/v1/tickets/{Guid.CreateVersion7()}", Cancellation));
        var codes = BuyCodesAsync(sale, 2);
        foreach (var answer in await Task.WhenAll([.. readings, .. crowd, .. lookers, .. presses, BuyAsync(sale, token: "tok_decline")])) answer.Dispose();

        foreach (var (_, code) in await codes) (await ScanAsync(sale.EventId, code)).Dispose();
        (await ScanAsync(sale.EventId, (await codes)[0].Code)).Dispose();
        (await ScanAsync(sale.EventId, "no code at all")).Dispose();
        using var customer = Events(Roles.Customer);
        (await customer.PostAsJsonAsync("/api/v1/events", new { }, Cancellation)).Dispose();
        var greedy = Guid.CreateVersion7();
        for (var i = 0; i < 7; i++) (await HoldAsync(sale, buyer: greedy)).Dispose();
    }

    private async Task<HttpResponseMessage> LookAsync(Sale sale)
    {
        using var customer = Tickets(Roles.Customer);
        return await customer.GetAsync($"/api/v1/events/{sale.EventId}/availability", Cancellation);
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        if (Prometheus is not null) await Prometheus.DisposeAsync();
        if (_alertmanager is not null) await _alertmanager.DisposeAsync();
        if (Outside is not null) await Outside.DisposeAsync();
        await DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _one.Dispose();
    }

    private async Task<double?> ValueAsync(string query) => (await AskAsync(query)).Select(value => (double?)value).FirstOrDefault();

    private static object Job(string name, Uri url) => new { job_name = name, static_configs = new[] { new { targets = new[] { url.Authority } } } };

    /// <summary>The routes of deploy/ as they are, without their pauses, and each receiver replaced by a webhook that bears its name.</summary>
    private async Task<string> RoutedHereAsync()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Deploy, "alertmanager", "alertmanager.yml"), Cancellation);
        var receivers = Array.IndexOf(lines, "receivers:");
        var routes = lines[..receivers].Select(line => line.TrimStart() switch
        {
            var text when text.StartsWith("group_wait:", StringComparison.Ordinal) => line.Replace(text, "group_wait: 0s", StringComparison.Ordinal),
            var text when text.StartsWith("group_interval:", StringComparison.Ordinal) => line.Replace(text, "group_interval: 1s", StringComparison.Ordinal),
            var text when text.StartsWith("- templates/", StringComparison.Ordinal) => $"  - {Deploy}/alertmanager/templates/*.tmpl",
            _ => line,
        });
        var names = lines[receivers..].Where(line => line.StartsWith("  - name: ", StringComparison.Ordinal)).Select(line => line["  - name: ".Length..]);
        var file = Path.Combine(_folder, "alertmanager.yml");
        await File.WriteAllLinesAsync(file, [.. routes, "receivers:", .. names.Select(name => $"  - {{ name: {name}, webhook_configs: [{{ url: '{new Uri(Outside.Url, name)}', send_resolved: true }}] }}")], Cancellation);
        return file;
    }
}
