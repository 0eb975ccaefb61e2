using AdmitOne.Events;
using AdmitOne.Identity;
using AdmitOne.Neighbours;
using AdmitOne.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Cli.Local;

/// <summary>Everything that `./run` runs. What was started last is stopped first.</summary>
public sealed class LocalStack : IAsyncDisposable
{
    private readonly Stack<List<IAsyncDisposable>> _started = new();
    private readonly StackOptions _options;
    private readonly DataFolder _data;
    private readonly Steps _steps;

    private LocalStack(StackOptions options, DataFolder data, Steps steps)
    {
        _options = options;
        _data = data;
        _steps = steps;
    }

    /// <summary>What run.json says.</summary>
    public RunFile Run { get; private set; } = null!;

    /// <exception cref="CannotRunException">Something is in the way; everything that was started has been stopped again.</exception>
    public static async Task<LocalStack> StartAsync(StackOptions options, Steps steps, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var stack = new LocalStack(options, DataFolder.Open(options.DataPath), steps);
        try
        {
            await stack.StartAsync(cancellationToken);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var together))
        {
            await Task.WhenAll(together.Select(one => one.DisposeAsync().AsTask()));
        }

        RunFile.Remove(_data);
        _data.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        RunFile.Remove(_data);
        await SeparateService.StopLeftBehindAsync(_data, cancellationToken);
        _options.CheckPorts();
        var secrets = LocalSecrets.Open(_data);
        if (!PrivatePostgres.ExistsIn(_data)) CheckSettings(secrets);

        var (postgres, redis) = await StartServersAsync(secrets, cancellationToken);
        var neighbours = new NeighbourAddresses(
            _options.Given["AUTH_SERVICE_URL"] ?? Loopback(_options.AuthPort),
            _options.Given["VENUE_SERVICE_URL"] ?? Loopback(_options.VenuesPort),
            _options.Given["MINTING_SERVICE_URL"] ?? Loopback(_options.MintingPort));
        var settings = new ServiceSettings(_data, secrets, _options, postgres, redis, neighbours);
        await _steps.DoAsync("roles and schema", () => LocalDatabase.PrepareAsync(postgres, settings, cancellationToken));

        WebApplication? auth = null;
        await _steps.DoAsync("services", async () =>
        {
            auth = await StartNeighboursAsync(settings, cancellationToken);
            await StartServicesAsync(settings, cancellationToken);
        });

        var run = new RunFile(
            Environment.ProcessId, Loopback(_options.EventsPort), [.. _options.TicketsPorts.Select(Loopback)],
            neighbours.Auth, neighbours.Auth, neighbours.Venues, neighbours.Minting,
            new MetricsAddresses(MetricsOf(_options.EventsMetricsPort), _options.Given["AUTH_SERVICE_URL"] is null ? MetricsOf(_options.IdentityMetricsPort) : null,
                [.. _options.TicketsMetricsPorts.Select(MetricsOf)]), postgres, redis, Demo: null);
        if (_options.Demo && auth is not null && _options.Given["VENUE_SERVICE_URL"] is null)
        {
            var demo = new DemoData(_data, run, auth, secrets["DEMO_PASSWORD"]);
            await _steps.DoAsync("demo data", async () => run = run with { Demo = await demo.EnsureAsync(cancellationToken) });
        }
        else if (_options.Demo)
        {
            _steps.Note("no demo data: its people and its venue need the Identity service and the venue neighbour that come with AdmitOne");
        }

        Run = run;
        Run.Write(_data);
    }

    private async Task<(PostgresAddress Postgres, RedisAddress Redis)> StartServersAsync(LocalSecrets secrets, CancellationToken cancellationToken)
    {
        var postgres = _options.Given["DB_HOST"] is { } host ? GivenPostgres(host) : null;
        var redis = _options.Given["REDIS_HOST"] is { } redisHost ? GivenRedis(redisHost) : null;
        string[] ours = [.. postgres is null ? ["PostgreSQL"] : Array.Empty<string>(), .. redis is null ? ["Redis"] : Array.Empty<string>()];
        if (ours.Length == 0)
        {
            return (postgres!, redis!);
        }

        await _steps.DoAsync(string.Join(" and ", ours), () => StartTogetherAsync(
            postgres is not null ? null : async () => await SuperviseAsync(async token =>
            {
                var started = await PrivatePostgres.StartAsync(_data, secrets["postgres"], PostgresSettings(), token);
                postgres = await SameAddressAsync(postgres, started.Address, started, "PostgreSQL");
                return new SupervisedProcess.Running(started, started.Process);
            }, cancellationToken),
            redis is not null ? null : async () => await SuperviseAsync(async token =>
            {
                var started = await PrivateRedis.StartAsync(_data, _options.Given["REDIS_PASSWORD"] ?? secrets["REDIS_PASSWORD"], token);
                redis = await SameAddressAsync(redis, started.Address, started, "Redis");
                return new SupervisedProcess.Running(started, started.Process);
            }, cancellationToken)));
        return (postgres!, redis!);
    }

    private async Task<IAsyncDisposable> SuperviseAsync(Func<CancellationToken, Task<SupervisedProcess.Running>> start, CancellationToken cancellationToken) =>
        await SupervisedProcess.StartAsync(start, _steps.Note, cancellationToken);

    /// <summary>The services know one address: a server that comes back on another is stopped, and tried again.</summary>
    private static async Task<T> SameAddressAsync<T>(T? before, T now, IAsyncDisposable started, string name) where T : class
    {
        if (before is null || before.Equals(now)) return now;
        await started.DisposeAsync();
        throw new CannotRunException($"{name} did not get its port back");
    }

    /// <summary>A setting that a service would refuse is reported before a cluster is made, which takes seconds and stays.</summary>
    private void CheckSettings(LocalSecrets secrets)
    {
        var nowhere = new ServiceSettings(_data, secrets, _options, new PostgresAddress("127.0.0.1", 1, "none", "none", "none"),
            new RedisAddress("127.0.0.1", 1, secrets["REDIS_PASSWORD"]), new NeighbourAddresses(
                _options.Given["AUTH_SERVICE_URL"] ?? Loopback(_options.AuthPort), _options.Given["VENUE_SERVICE_URL"] ?? Loopback(_options.VenuesPort),
                _options.Given["MINTING_SERVICE_URL"] ?? Loopback(_options.MintingPort)));
        RunningHost.Check("AdmitOne.Events", nowhere.ForEvents(), configuration => EventsService.Build(configuration, RunningHost.Embed));
        RunningHost.Check("AdmitOne.Tickets", nowhere.ForTickets(_options.TicketsPorts[0]), configuration => TicketsService.Build(configuration, RunningHost.Embed));
    }

    // Two pools, the neighbours', and room for tools; each replica brings a pool more.
    private Dictionary<string, string> PostgresSettings() => new() { ["max_connections"] = $"{Math.Max(200, 80 + 30 * _options.Replicas)}" };

    private PostgresAddress GivenPostgres(string host) => new(
        host, _options.Given.Port("DB_PORT", 5432), _options.Given["DB_NAME"] ?? "admitone",
        _options.Given["DB_USER"] ?? throw new CannotRunException("DB_HOST needs DB_USER and DB_PASSWORD: a user who may create roles and a database there"),
        _options.Given["DB_PASSWORD"] ?? "");

    private RedisAddress GivenRedis(string host) => new(
        host, _options.Given.Port("REDIS_PORT", 6379), _options.Given["REDIS_PASSWORD"],
        int.TryParse(_options.Given["REDIS_DB"], out var database) ? database : 0);

    /// <returns>Identity, if it is ours.</returns>
    private async Task<WebApplication?> StartNeighboursAsync(ServiceSettings settings, CancellationToken cancellationToken)
    {
        WebApplication? auth = null;
        await StartTogetherAsync(
            _options.Given["AUTH_SERVICE_URL"] is not null ? null : async () =>
            {
                var host = await RunningHost.StartAsync("AdmitOne.Identity", settings.ForIdentity(), configuration => IdentityService.Build(configuration, RunningHost.Embed), cancellationToken);
                auth = host.Application;
                return host;
            },
            _options.Given["VENUE_SERVICE_URL"] is not null ? null : async () =>
                await RunningHost.StartAsync("venues", settings.ForNeighbour("venues", _options.VenuesPort), VenuesNeighbour.Build, cancellationToken),
            _options.Given["MINTING_SERVICE_URL"] is not null ? null : async () =>
                await RunningHost.StartAsync("minting", settings.ForNeighbour("minting", _options.MintingPort), MintingNeighbour.Build, cancellationToken));
        return auth;
    }

    private Task StartServicesAsync(ServiceSettings settings, CancellationToken cancellationToken) => StartTogetherAsync(
    [
        () => StartServiceAsync("AdmitOne.Events", settings.ForEvents(), EventsService.Build, cancellationToken),
        .. _options.TicketsPorts.Select(port => (Func<Task<IAsyncDisposable>>)(() => StartServiceAsync("AdmitOne.Tickets", settings.ForTickets(port), TicketsService.Build, cancellationToken))),
    ]);

    private async Task<IAsyncDisposable> StartServiceAsync(
        string program, Dictionary<string, string> settings, Func<IConfiguration, Action<WebApplicationBuilder>?, WebApplication> build, CancellationToken cancellationToken) =>
        _options.Separate
            ? await SuperviseAsync(async token =>
            {
                var service = await SeparateService.StartAsync(_data, program, new Dictionary<string, string>(settings), token);
                return new SupervisedProcess.Running(service, service.Process);
            }, cancellationToken)
            : await RunningHost.StartAsync(program, settings, configuration => build(configuration, RunningHost.Embed), cancellationToken);

    /// <summary>Starts what does not need one another at the same time, and remembers what did start even if something else did not.</summary>
    private async Task StartTogetherAsync(params Func<Task<IAsyncDisposable>>?[] starts)
    {
        var together = new List<IAsyncDisposable>();
        _started.Push(together);
        var tasks = starts.OfType<Func<Task<IAsyncDisposable>>>().Select(start => Task.Run(start)).ToList();
        try
        {
            await Task.WhenAll(tasks);
        }
        finally
        {
            together.AddRange(tasks.Where(task => task.IsCompletedSuccessfully).Select(task => task.Result));
        }
    }

    private static string Loopback(int port) => $"http://127.0.0.1:{port}";

    private static string MetricsOf(int port) => Loopback(port) + "/metrics";
}
