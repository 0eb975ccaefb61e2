using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Deploy;

/// <summary>
/// The images and the manifests, run here: built without a registry, started as nobody on a root they cannot write, they sell and admit a ticket
/// and leave when they are told to. It takes minutes: <c>./test --long --filter-class '*ContainerDrill'</c>; UPDATE_DRILLS=1 writes docs/drills/images.json.
/// </summary>
[Trait("Category", "Long")]
public sealed partial class ContainerDrill(World world) : IClassFixture<World>, IAsyncDisposable
{
    private const string Tag = "drill";
    private const double MostMegabytes = 250;

    private readonly List<string> _containers = [];
    private readonly List<string> _played = [];

    [Fact]
    public async Task The_images_are_small_and_sell_a_ticket_as_nobody_on_a_root_that_cannot_be_written()
    {
        if (Environment.UserName != "root") Assert.Skip("Building and running these images wants root here.");
        var built = await Podman.RunAsync("bash", "deploy/docker/build", Tag);
        var sizes = new Dictionary<string, double>();
        foreach (var image in new[] { "events", "tickets", "admitone" })
            sizes[image] = Math.Round(double.Parse(await Podman.RunAsync("podman", "image", "inspect", "--format", "{{.Size}}", $"localhost/admitone/{image}:{Tag}"), CultureInfo.InvariantCulture) / 1e6, 1);
        Assert.All(sizes.Values, size => Assert.True(size < MostMegabytes, built));

        var (events, tickets) = (Podman.FreePort(), Podman.FreePort());
        await StartAsync("tickets", tickets, world.TicketsSettings, []);
        await StartAsync("events", events, world.EventsSettings, new() { ["TICKET_SERVICE_URL"] = $"http://127.0.0.1:{tickets}" });
        var smoke = await SmokeAsync(events, tickets);
        var memory = new Dictionary<string, double>();
        var goodbye = new Dictionary<string, double>();
        foreach (var name in new[] { "events", "tickets" })
        {
            await Podman.RunAsync("podman", "exec", Name(name), "dotnet", $"/app/AdmitOne.{char.ToUpperInvariant(name[0])}{name[1..]}.dll", "health");
            memory[name] = await Podman.ResidentMebibytesAsync(Name(name));
            Assert.True(memory[name] < 1024);
            var clock = Stopwatch.StartNew();
            await Podman.RunAsync("podman", "stop", "--time", "40", Name(name));
            goodbye[name] = Math.Round(clock.Elapsed.TotalSeconds, 1);
            Assert.Equal("0", await Podman.RunAsync("podman", "inspect", "--format", "{{.State.ExitCode}}", Name(name)));
        }
        await DrillFigures.KeepAsync("images.json", new { megabytes = sizes, limitMegabytes = MostMegabytes, smokeSeconds = smoke, residentMebibytesAfterSmoke = memory, stopSeconds = goodbye });
    }

    [Fact]
    public async Task Podman_plays_the_pods_that_kustomize_renders_and_their_probes_answer()
    {
        if (Environment.UserName != "root") Assert.Skip("Building and running these images wants root here.");
        await Podman.RunAsync("bash", "deploy/docker/build", Tag);
        var ports = new Dictionary<string, (int Http, int Metrics)> { ["event-service"] = (Podman.FreePort(), Podman.FreePort()), ["ticket-service"] = (Podman.FreePort(), Podman.FreePort()) };
        var file = Path.Combine(Path.GetTempPath(), $"pods-{Guid.CreateVersion7():n}.yaml");
        await File.WriteAllTextAsync(file, Settle(await Podman.RunAsync("kubectl", "kustomize", "deploy/k8s/overlays/staging"), ports), TestContext.Current.CancellationToken);
        _played.Add(file);
        await Podman.RunAsync("podman", "kube", "play", "--network", "host", file);
        using var client = new HttpClient();
        foreach (var (http, metrics) in ports.Values)
        {
            foreach (var probe in new[] { "startup", "live", "ready" }) await Podman.UntilReadyAsync(new Uri($"http://127.0.0.1:{http}/health/{probe}"));
            Assert.Contains("http_server_request_duration_seconds", await client.GetStringAsync(new Uri($"http://127.0.0.1:{metrics}/metrics"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri($"http://127.0.0.1:{http}/metrics"), TestContext.Current.CancellationToken)).StatusCode);
        }
        await SmokeAsync(ports["event-service"].Http, ports["ticket-service"].Http);
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
        return Math.Round(clock.Elapsed.TotalSeconds, 1);
    }

    /// <summary>Of what was rendered, the pods and their settings; where the stores are, which image, and which ports is this machine's.</summary>
    private string Settle(string rendered, Dictionary<string, (int Http, int Metrics)> ports)
    {
        var kept = rendered.Split("\n---\n").Where(one => Kind().Match(one).Groups["kind"].Value is "Deployment" or "ConfigMap").ToList();
        Assert.Equal(5, kept.Count);
        var text = string.Join("\n---\n", kept);
        text = Image().Replace(text, match => $"localhost/admitone/{match.Groups["name"].Value}:{Tag}");
        var settings = world.EventsSettings;
        foreach (var name in new[] { "DB_HOST", "DB_PORT", "DB_NAME", "REDIS_HOST", "REDIS_PORT", "AUTH_SERVICE_URL", "VENUE_SERVICE_URL", "MINTING_SERVICE_URL", "EVENT_SERVICE_URL" })
            text = Regex.Replace(text, $"^  {name}: .*$", $"  {name}: \"{settings[name]}\"", RegexOptions.Multiline);
        text = text.Replace("  DB_SSL_MODE: require", "  DB_SSL_MODE: disable", StringComparison.Ordinal)   // the private PostgreSQL speaks on loopback only
            .Replace("http://ticket-service:3004", $"http://127.0.0.1:{ports["ticket-service"].Http}", StringComparison.Ordinal);
        foreach (var (name, port) in new[] { ("event-service", "3003"), ("ticket-service", "3004") })
            text = text.Replace($"  PORT: \"{port}\"", $"  METRICS_PORT: \"{ports[name].Metrics}\"\n  PORT: \"{ports[name].Http}\"", StringComparison.Ordinal);
        foreach (var (name, all) in new[] { ("event-service", world.EventsSettings), ("ticket-service", world.TicketsSettings) })
        {
            var secrets = all.Where(one => SecretName().IsMatch(one.Key) && !string.IsNullOrEmpty(one.Value)).Select(one => $"  {one.Key}: \"{Convert.ToBase64String(Encoding.UTF8.GetBytes(one.Value!))}\"");
            text = $"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}-secrets\ntype: Opaque\ndata:\n{string.Join('\n', secrets)}\n---\n" + text;
        }
        return text;
    }

    [GeneratedRegex("^kind: (?<kind>.+)$", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex("[a-z.]+/admitone/(?<name>[a-z]+)@sha256:[0-9a-f]{64}")]
    private static partial Regex Image();

    [GeneratedRegex("PASSWORD|SECRET|_KEY")]
    private static partial Regex SecretName();
}
