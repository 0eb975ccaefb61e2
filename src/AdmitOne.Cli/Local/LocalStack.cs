using AdmitOne.Events;
using AdmitOne.Neighbours;
using AdmitOne.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Cli.Local;

/// <summary>Everything that `./run` runs. What was started last is stopped first.</summary>
public sealed class LocalStack : IAsyncDisposable
{
    private readonly Stack<List<IAsyncDisposable>> _started = new();
    private readonly List<ServerProcess> _processes = [];
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

    /// <summary>Completes when one of the processes that we need has ended by itself.</summary>
    /// <returns>What to tell about it.</returns>
    public async Task<CannotRunException> FirstFailureAsync()
    {
        // With a given database and a given Redis there is no process to end.
        var ended = await Task.WhenAny([.. _processes.Select(process => process.Exited), new TaskCompletionSource().Task]);
        return _processes.First(process => process.Exited == ended).Failed();
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
            neighbours.Auth, neighbours.Venues, neighbours.Minting, postgres, redis, Demo: null);
        if (_options.Demo && auth is not null && _options.Given["VENUE_SERVICE_URL"] is null)
        {
            var demo = new DemoData(_data, run, auth, secrets["DEMO_PASSWORD"]);
            await _steps.DoAsync("demo data", async () => run = run with { Demo = await demo.EnsureAsync(cancellationToken) });
        }
        else if (_options.Demo)
        {
            _steps.Note("no demo data: its people and its venue need the auth and venue neighbours that come with AdmitOne");
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
            postgres is not null ? null : async () =>
            {
                var started = await PrivatePostgres.StartAsync(_data, secrets["postgres"], PostgresSettings(), cancellationToken);
                postgres = started.Address;
                return new Started(started, started.Process);
            },
            redis is not null ? null : async () =>
            {
                var started = await PrivateRedis.StartAsync(_data, _options.Given["REDIS_PASSWORD"] ?? secrets["REDIS_PASSWORD"], cancellationToken);
                redis = started.Address;
                return new Started(started, started.Process);
            }));
        return (postgres!, redis!);
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

    /// <returns>The auth neighbour, if it is ours.</returns>
    private async Task<WebApplication?> StartNeighboursAsync(ServiceSettings settings, CancellationToken cancellationToken)
    {
        WebApplication? auth = null;
        await StartTogetherAsync(
            _options.Given["AUTH_SERVICE_URL"] is not null ? null : async () =>
            {
                var host = await RunningHost.StartAsync("auth", settings.ForNeighbour("auth", _options.AuthPort), AuthNeighbour.Build, cancellationToken);
                auth = host.Application;
                return new Started(host, null);
            },
            _options.Given["VENUE_SERVICE_URL"] is not null ? null : async () =>
                new Started(await RunningHost.StartAsync("venues", settings.ForNeighbour("venues", _options.VenuesPort), VenuesNeighbour.Build, cancellationToken), null),
            _options.Given["MINTING_SERVICE_URL"] is not null ? null : async () =>
                new Started(await RunningHost.StartAsync("minting", settings.ForNeighbour("minting", _options.MintingPort), MintingNeighbour.Build, cancellationToken), null));
        return auth;
    }

    private Task StartServicesAsync(ServiceSettings settings, CancellationToken cancellationToken) => StartTogetherAsync(
    [
        () => StartServiceAsync("AdmitOne.Events", settings.ForEvents(), EventsService.Build, cancellationToken),
        .. _options.TicketsPorts.Select(port => (Func<Task<Started>>)(() => StartServiceAsync("AdmitOne.Tickets", settings.ForTickets(port), TicketsService.Build, cancellationToken))),
    ]);

    private async Task<Started> StartServiceAsync(
        string program, Dictionary<string, string> settings, Func<IConfiguration, Action<WebApplicationBuilder>?, WebApplication> build, CancellationToken cancellationToken)
    {
        if (_options.Separate)
        {
            var service = await SeparateService.StartAsync(_data, program, settings, cancellationToken);
            return new Started(service, service.Process);
        }

        return new Started(await RunningHost.StartAsync(program, settings, configuration => build(configuration, RunningHost.Embed), cancellationToken), null);
    }

    /// <summary>Starts what does not need one another at the same time, and remembers what did start even if something else did not.</summary>
    private async Task StartTogetherAsync(params Func<Task<Started>>?[] starts)
    {
        var together = new List<IAsyncDisposable>();
        _started.Push(together);
        var tasks = starts.OfType<Func<Task<Started>>>().Select(start => Task.Run(start)).ToList();
        try
        {
            await Task.WhenAll(tasks);
        }
        finally
        {
            foreach (var started in tasks.Where(task => task.IsCompletedSuccessfully).Select(task => task.Result))
            {
                together.Add(started.What);
                if (started.Process is not null)
                {
                    _processes.Add(started.Process);
                }
            }
        }
    }

    private static string Loopback(int port) => $"http://127.0.0.1:{port}";

    /// <param name="Process">What must not end before we end it; null for a host in this process.</param>
    private sealed record Started(IAsyncDisposable What, ServerProcess? Process);
}
