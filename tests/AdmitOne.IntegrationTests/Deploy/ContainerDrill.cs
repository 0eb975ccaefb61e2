using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Drills;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Deploy;

/// <summary>
/// The images and the manifests, run here: built without a registry, started as nobody on a root they cannot write, they sell and admit a ticket
/// and leave when they are told to. It takes minutes: <c>./test --long --filter-class '*ContainerDrill'</c>.
/// </summary>
[Trait("Category", "Long")]
public sealed partial class ContainerDrill(World world) : IClassFixture<World>, IAsyncDisposable
{
    private const string Tag = "drill";
    private const string Command = "UPDATE_DOCS=1 ./test --long --filter-class '*ContainerDrill'";
    private const double MostMegabytes = 250;
    private const double LimitMebibytes = 1024;
    private const int Buyers = 16;

    // Once for both tests: it takes minutes.
    private static readonly Lazy<Task<string>> s_built = new(() => Podman.RunAsync("bash", "deploy/docker/build", Tag));

    private static readonly TimeSpan s_selling = TimeSpan.FromSeconds(20);

    private readonly List<string> _containers = [];
    private readonly List<string> _played = [];

    [Fact]
    public async Task The_images_are_small_and_sell_a_ticket_as_nobody_on_a_root_that_cannot_be_written()
    {
        if (Environment.UserName != "root") Assert.Skip("Building and running these images wants root here.");
        var built = await s_built.Value;
        var sizes = new Dictionary<string, double>();
        foreach (var image in new[] { "events", "tickets", "admitone" })
            sizes[image] = double.Parse(await Podman.RunAsync("podman", "image", "inspect", "--format", "{{.Size}}", $"localhost/admitone/{image}:{Tag}"), CultureInfo.InvariantCulture) / 1e6;
        Assert.All(sizes.Values, size => Assert.True(size < MostMegabytes, built));

        var (events, tickets) = (FreePort.Choose(null), FreePort.Choose(null));
        await StartAsync("tickets", tickets, world.TicketsSettings, []);
        await StartAsync("events", events, world.EventsSettings, new() { ["TICKET_SERVICE_URL"] = $"http://127.0.0.1:{tickets}" });
        var smoke = await SmokeAsync(events, tickets);
        var (spentBefore, clock) = ((await Podman.UseAsync(Name("tickets"))).ProcessorSeconds, Stopwatch.StartNew());
        await using var sale = new DrillSale(world, await world.PutOnSaleAsync(quantity: 100_000), new Uri($"http://127.0.0.1:{tickets}"));
        sale.Start(Buyers);
        await Task.Delay(s_selling, TestContext.Current.CancellationToken);
        await sale.DisposeAsync();
        var cores = ((await Podman.UseAsync(Name("tickets"))).ProcessorSeconds - spentBefore) / clock.Elapsed.TotalSeconds;
        Assert.NotEmpty(sale.Bought);
        Assert.Empty(sale.Refusals);

        List<DrillFact> facts =
        [
            .. sizes.Select(image => new DrillFact($"image {image.Key}, of at most {MostMegabytes} MB", $"{Text(image.Value)} MB")),
            new("bought and admitted in a throw-away event (`admitone smoke`, from the image)", $"{Text(smoke)} s"),
            new($"then {Buyers} buyers for {s_selling.TotalSeconds} s: purchases", $"{sale.Bought.Count}"),
            new("processor that tickets took meanwhile, of 1 core allowed", $"{cores.ToString("F2", CultureInfo.InvariantCulture)}"),
        ];
        foreach (var name in new[] { "events", "tickets" })
        {
            await Podman.RunAsync("podman", "exec", Name(name), "dotnet", $"/app/AdmitOne.{char.ToUpperInvariant(name[0])}{name[1..]}.dll", "health");
            var (peak, _) = await Podman.UseAsync(Name(name));
            Assert.True(peak < LimitMebibytes, $"{name}: {peak} MiB");
            var leaving = Stopwatch.StartNew();
            await Podman.RunAsync("podman", "stop", "--time", "40", Name(name));
            Assert.Equal("0", await Podman.RunAsync("podman", "inspect", "--format", "{{.State.ExitCode}}", Name(name)));
            facts.Add(new($"most memory that {name} had, of {LimitMebibytes} MiB allowed", $"{Text(peak)} MiB"));
            facts.Add(new($"from SIGTERM until {name} had left with exit code 0", $"{Text(leaving.Elapsed.TotalSeconds)} s"));
        }
        new DrillReport("The images, run as nobody on a root that cannot be written, within the manifests' limits", Command, facts, [], []).Write("images");
    }

    [Fact]
    public async Task Podman_plays_the_pods_that_kustomize_renders_and_their_probes_answer()
    {
        if (Environment.UserName != "root") Assert.Skip("Building and running these images wants root here.");
        await s_built.Value;
        var ports = new Dictionary<string, (int Http, int Metrics)> { ["event-service"] = (FreePort.Choose(null), FreePort.Choose(null)), ["ticket-service"] = (FreePort.Choose(null), FreePort.Choose(null)) };
        var file = Path.Combine(Path.GetTempPath(), $"pods-{Guid.CreateVersion7():n}.yaml");
        await File.WriteAllTextAsync(file, Settle(await Podman.RunAsync("kubectl", "kustomize", "deploy/k8s/overlays/staging"), ports), TestContext.Current.CancellationToken);
        _played.Add(file);
        foreach (var (name, all) in new[] { ("event-service", world.EventsSettings), ("ticket-service", world.TicketsSettings) }) await KeepSecretsAsync(name, all);
        await Podman.RunAsync("podman", "kube", "play", "--network", "host", file);
        using var client = new HttpClient();
        foreach (var (http, metrics) in ports.Values)
        {
            foreach (var probe in new[] { "startup", "live", "ready" }) await Podman.UntilReadyAsync(new Uri($"http://127.0.0.1:{http}/health/{probe}"));
            Assert.Contains("admitone_redis_up", await client.GetStringAsync(new Uri($"http://127.0.0.1:{metrics}/metrics"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri($"http://127.0.0.1:{http}/metrics"), TestContext.Current.CancellationToken)).StatusCode);
        }
        var smoke = await SmokeAsync(ports["event-service"].Http, ports["ticket-service"].Http);
        var check = await Podman.RunAsync("bash", "deploy/k8s/check");
        List<IReadOnlyList<string>> rows = [];
        foreach (var name in ports.Keys) rows.Add([name, "200", "200", "200", "200", $"{Text((await Podman.UseAsync($"{name}-pod-0-{name}")).PeakMebibytes)} of {LimitMebibytes} MiB"]);
        new DrillReport("The pods that kustomize renders, played by podman", Command,
            [new("both overlays against Kubernetes' schema (`deploy/k8s/check`)", check.Split('\n')[^1]), new("bought and admitted in a throw-away event (`admitone smoke`)", $"{Text(smoke)} s")],
            ["pod", "/health/startup", "/health/live", "/health/ready", "/metrics on its own port", "most memory"], rows).Write("pods");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _containers) await Podman.TryAsync("podman", "rm", "--force", "--time", "0", name);
        foreach (var file in _played)
        {
            await Podman.TryAsync("podman", "kube", "down", file);
            await Podman.TryAsync("podman", "secret", "rm", "event-service-secrets", "ticket-service-secrets");
            File.Delete(file);
        }
    }

    private static string Text(double figure) => figure.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Name(string service) => $"admitone-drill-{Environment.ProcessId}-{service}";

    private async Task StartAsync(string service, int port, IReadOnlyDictionary<string, string?> settings, Dictionary<string, string?> more)
    {
        var all = new Dictionary<string, string?>(settings) { ["PORT"] = port.ToString(CultureInfo.InvariantCulture), ["LOG_FILE"] = null };
        foreach (var (name, value) in more) all[name] = value;
        _containers.Add(Name(service));
        await Podman.RunAsync("podman", ["run", "--detach", .. Podman.Confined(Name(service), $"localhost/admitone/{service}:{Tag}", all)]);
        await Podman.UntilReadyAsync(new Uri($"http://127.0.0.1:{port}/health/ready"));
    }

    /// <returns>How long it took, in seconds.</returns>
    private async Task<double> SmokeAsync(int events, int tickets)
    {
        var clock = Stopwatch.StartNew();
        var said = await Podman.RunAsync("podman", ["run", "--rm", .. Podman.Confined(Name("smoke"), $"localhost/admitone/admitone:{Tag}",
            new Dictionary<string, string?> { ["JWT_SECRET"] = world.TicketsSettings["JWT_SECRET"], ["SMOKE_TENANT_ID"] = world.Tenant.ToString(), ["SMOKE_VENUE_ID"] = (await world.VenueAsync()).ToString() },
            "smoke", "--events", $"http://127.0.0.1:{events}", "--tickets", $"http://127.0.0.1:{tickets}")]);
        Assert.Contains("refused the second time", said, StringComparison.Ordinal);
        return clock.Elapsed.TotalSeconds;
    }

    // Podman 4.3 cannot read what it has kept of a manifest's Secret: it wants the values as JSON.
    private static async Task KeepSecretsAsync(string service, IReadOnlyDictionary<string, string?> settings)
    {
        var file = Path.GetTempFileName();
        var secrets = settings.Where(one => SecretName().IsMatch(one.Key) && !string.IsNullOrEmpty(one.Value)).ToDictionary(one => one.Key, one => Encoding.UTF8.GetBytes(one.Value!));
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(secrets), TestContext.Current.CancellationToken);
        await Podman.TryAsync("podman", "secret", "rm", $"{service}-secrets");
        await Podman.RunAsync("podman", "secret", "create", $"{service}-secrets", file);
        File.Delete(file);
    }

    /// <summary>Of what was rendered, the pods and their settings; where the stores are, which image, and which ports is this machine's.</summary>
    private string Settle(string rendered, Dictionary<string, (int Http, int Metrics)> ports)
    {
        var kept = rendered.Split("\n---\n").Where(one => Kind().Match(one).Groups["kind"].Value is "Deployment" or "ConfigMap").ToList();
        Assert.Equal(5, kept.Count);
        var text = string.Join("\n---\n", kept);
        // On this machine's own network there is one of each, and no port to map.
        text = Ports().Replace(text, "").Replace("  replicas: 3\n", "  replicas: 1\n", StringComparison.Ordinal);
        text = Image().Replace(text, match => $"localhost/admitone/{match.Groups["name"].Value}:{Tag}");
        var settings = world.EventsSettings;
        foreach (var name in new[] { "DB_HOST", "DB_PORT", "DB_NAME", "REDIS_HOST", "REDIS_PORT", "AUTH_SERVICE_URL", "VENUE_SERVICE_URL", "MINTING_SERVICE_URL", "EVENT_SERVICE_URL" })
            text = Regex.Replace(text, $"^  {name}: .*$", $"  {name}: \"{settings[name]}\"", RegexOptions.Multiline);
        text = text.Replace("  DB_SSL_MODE: require", "  DB_SSL_MODE: disable", StringComparison.Ordinal)   // the private PostgreSQL speaks on loopback only
            .Replace("http://ticket-service:3004", $"http://127.0.0.1:{ports["ticket-service"].Http}", StringComparison.Ordinal);
        foreach (var (name, port) in new[] { ("event-service", "3003"), ("ticket-service", "3004") })
            text = text.Replace($"  PORT: \"{port}\"", $"  METRICS_PORT: \"{ports[name].Metrics}\"\n  PORT: \"{ports[name].Http}\"", StringComparison.Ordinal);
        return text;
    }

    [GeneratedRegex("^kind: (?<kind>.+)$", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex("[a-z.]+/admitone/(?<name>[a-z]+)@sha256:[0-9a-f]{64}")]
    private static partial Regex Image();

    [GeneratedRegex("^        ports:\n(?:        (?:-|  ).*\n)+", RegexOptions.Multiline)]
    private static partial Regex Ports();

    [GeneratedRegex("PASSWORD|SECRET|_KEY")]
    private static partial Regex SecretName();
}
