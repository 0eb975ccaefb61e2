using System.Globalization;
using System.Net.Http.Headers;
using AdmitOne.Cli.Local;
using AdmitOne.Events;
using AdmitOne.Identity;
using AdmitOne.Neighbours;
using AdmitOne.Platform.Identity;
using AdmitOne.Schema;
using AdmitOne.Tickets;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>
/// Both services and their neighbours in this process, on real Kestrel and a database of their own, with two organisers. A test class shares
/// one by <c>IClassFixture&lt;World&gt;</c>, or by a class of its own that names the settings it needs:
/// <c>public sealed class ShortHolds(Stack stack) : World(stack, [("RESERVATION_TTL_SECONDS", "2")]);</c>
/// </summary>
public partial class World : IAsyncLifetime
{
    private readonly Stack _stack;
    private readonly Dictionary<string, string> _extra;
    private readonly SocketsHttpHandler _http = new() { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
    private readonly List<WebApplication> _hosts = [];
    private readonly JwtOptions _jwt = new() { Secret = Stack.NewSecret() };
    private readonly Dictionary<string, string> _secrets = new()
    {
        ["INTERNAL_API_KEY"] = Stack.NewSecret(),
        ["INTERNAL_WEBHOOK_SECRET"] = Stack.NewSecret(),
        ["QR_ENCRYPTION_KEY"] = Stack.NewSecret(),
    };
    private string? _database;

    public World(Stack stack) : this(stack, []) { }

    /// <param name="settings">Win over the harness's own; both services get them.</param>
    protected World(Stack stack, IEnumerable<(string Name, string Value)> settings)
    {
        _stack = stack;
        _extra = settings.ToDictionary(s => s.Name, s => s.Value);
        Mint = new TokenMint(_jwt, TimeProvider.System);
    }

    public Guid Tenant { get; } = Guid.CreateVersion7();

    public Guid OtherTenant { get; } = Guid.CreateVersion7();

    public Uri EventsUrl { get; private set; } = null!;

    public Uri TicketsUrl { get; private set; } = null!;

    public Uri AuthUrl { get; private set; } = null!;

    public Uri VenuesUrl { get; private set; } = null!;

    public Uri MintingUrl { get; private set; } = null!;

    /// <summary>Signs with this world's secret.</summary>
    public TokenMint Mint { get; }

    /// <summary>The hosts' own services, for what a test must reach inside: a worker's step, a breaker, a clock.</summary>
    public IServiceProvider TicketsServices { get; private set; } = null!;

    public IServiceProvider EventsServices { get; private set; } = null!;

    /// <summary>Identity of this world, to make people with.</summary>
    public WebApplication IdentityHost { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A world for one test alone: <c>await using var world = await World.StartAsync(stack, ("RESERVATION_TTL_SECONDS", "1"));</c></summary>
    public static async Task<World> StartAsync(Stack stack, params (string Name, string Value)[] settings)
    {
        var world = new World(stack, settings);
        try
        {
            await world.InitializeAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>A second world with other settings, for one test.</summary>
    public Task<World> AnotherAsync(params (string Name, string Value)[] settings) => StartAsync(_stack, settings);

    public async ValueTask InitializeAsync()
    {
        if (_stack.IsMissing) return;
        _database = await _stack.NewDatabaseAsync(CancellationToken.None);
        var neighbours = await Task.WhenAll(
            StartAsync(configuration => IdentityService.Build(configuration), Settings("auth", DatabaseRoles.Identity)),
            StartAsync(VenuesNeighbour.Build, Settings("venues", Neighbourhood.Role)),
            StartAsync(MintingNeighbour.Build, Settings("minting", Neighbourhood.Role)));
        IdentityHost = neighbours[0];
        (AuthUrl, VenuesUrl, MintingUrl) = (Address(neighbours[0]), Address(neighbours[1]), Address(neighbours[2]));
        await MakeTenantsAsync();

        // The Ticket Service asks the other one nothing over HTTP, so it can be there first.
        var tickets = await StartAsync(configuration => TicketsService.Build(configuration), ServiceSettings("tickets", DatabaseRoles.Tickets));
        (TicketsUrl, TicketsServices) = (Address(tickets), tickets.Services);
        var events = await StartAsync(configuration => EventsService.Build(configuration), ServiceSettings("events", DatabaseRoles.Events));
        (EventsUrl, EventsServices) = (Address(events), events.Services);
    }

    /// <summary>A bearer token of this world's auth service; of a new person each time, unless one is named.</summary>
    public string Token(string role, Guid? userId = null, Guid? tenant = null, string? email = null) =>
        Mint.Mint(Holder(role, userId, tenant, email));

    public TokenHolder Holder(string role, Guid? userId = null, Guid? tenant = null, string? email = null)
    {
        var id = userId ?? Guid.CreateVersion7();
        return new TokenHolder(tenant ?? Tenant, id, role, email ?? $"{id:n}@people.example", EmailVerified: true);
    }

    /// <summary>A client of the Event Service with this role's token; without a role, nobody's.</summary>
    public HttpClient Events(string? role = null, Guid? userId = null, Guid? tenant = null) => Client(EventsUrl, role, userId, tenant);

    public HttpClient Tickets(string? role = null, Guid? userId = null, Guid? tenant = null) => Client(TicketsUrl, role, userId, tenant);

    public HttpClient Venues(string? role = null, Guid? userId = null, Guid? tenant = null) => Client(VenuesUrl, role, userId, tenant);

    public HttpClient Auth() => Client(AuthUrl, null, null, null);

    public HttpClient Client(Uri url, string? role = null, Guid? userId = null, Guid? tenant = null)
    {
        _stack.SkipIfMissing();
        var client = new HttpClient(_http, disposeHandler: false) { BaseAddress = url };
        if (role is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(role, userId, tenant));
        return client;
    }

    /// <summary>Runs SQL as the superuser, to plant a fault or to look behind the services' backs.</summary>
    public async Task<int> Sql(string sql, object? parameters = null)
    {
        await using var connection = await ConnectAsync();
        return await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: Cancellation));
    }

    public async Task<T?> Ask<T>(string sql, object? parameters = null)
    {
        await using var connection = await ConnectAsync();
        return await connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: Cancellation));
    }

    /// <summary>A connection of the superuser, to hold locks with.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        _stack.SkipIfMissing();
        var connection = new NpgsqlConnection(_stack.Postgres.ConnectionString(_database));
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    /// <summary>What a Ticket Service of this world is told; <see cref="ReplicaProcess"/> starts another with the same.</summary>
    public IReadOnlyDictionary<string, string?> TicketsSettings => ServiceSettings("tickets", DatabaseRoles.Tickets);

    public IReadOnlyDictionary<string, string?> EventsSettings => ServiceSettings("events", DatabaseRoles.Events);

    public IReadOnlyDictionary<string, string?> IdentitySettings => Settings("identity", DatabaseRoles.Identity);

    /// <summary>What a neighbour of this world is told.</summary>
    public IReadOnlyDictionary<string, string?> NeighbourSettings => Settings("neighbour", Neighbourhood.Role);

    /// <summary>Starts one more host of this world, which goes with it: a neighbour again, or a service with other settings.</summary>
    public Task<WebApplication> StartAsync(Func<IConfiguration, WebApplication> build, IReadOnlyDictionary<string, string?> settings) =>
        StartAsync(build, new Dictionary<string, string?>(settings));

    public static Uri Address(WebApplication host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new Uri(host.Urls.First());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.DisposeAsync();
        await Task.WhenAll(_hosts.AsEnumerable().Reverse().Select(host => host.DisposeAsync().AsTask()));
        _http.Dispose();
        if (_database is not null) await _stack.DropDatabaseAsync(_database);
        GC.SuppressFinalize(this);
    }

    private async Task<WebApplication> StartAsync(Func<IConfiguration, WebApplication> build, Dictionary<string, string?> settings)
    {
        var host = build(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        lock (_hosts) _hosts.Add(host);
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    // By the superuser, as there is no route for the first organisers.
    private Task<int> MakeTenantsAsync() => Sql("""
        insert into platform.tenants (id, slug, name) values (@Tenant, 'ours', 'Our Hall'), (@OtherTenant, 'theirs', 'Their Hall');
        """, new { Tenant, OtherTenant });

    private Dictionary<string, string?> ServiceSettings(string name, string role)
    {
        var settings = Settings(name, role);
        settings["QR_ENCRYPTION_KEY"] = _secrets["QR_ENCRYPTION_KEY"];
        settings["AUTH_SERVICE_URL"] = Text(AuthUrl);
        settings["VENUE_SERVICE_URL"] = Text(VenuesUrl);
        settings["MINTING_SERVICE_URL"] = Text(MintingUrl);
        settings["EVENT_SERVICE_URL"] = Text(EventsUrl);
        if (TicketsUrl is not null) settings["TICKET_SERVICE_URL"] = Text(TicketsUrl);
        foreach (var (key, value) in _extra) settings[key] = value;
        return settings;
    }

    private Dictionary<string, string?> Settings(string name, string role) => new()
    {
        ["PORT"] = "0",
        ["METRICS_PORT"] = "0",
        ["LOG_FILE"] = Path.Combine(_stack.Folder, "logs", $"{_database}-{name}.log"),
        ["DB_HOST"] = _stack.Postgres.Host,
        ["DB_PORT"] = _stack.Postgres.Port.ToString(CultureInfo.InvariantCulture),
        ["DB_NAME"] = _database,
        ["DB_USER"] = role,
        ["DB_PASSWORD"] = _stack.Passwords[role],
        ["DB_POOL_MIN"] = "0",
        // A test that holds a lock, or a process that gets no processor, takes its time on a busy machine. Drills say the usual limits.
        ["DB_LOCK_TIMEOUT_MS"] = "4500",
        ["DB_IDLE_IN_TRANSACTION_MS"] = "10000",
        ["REDIS_HOST"] = _stack.Redis.Host,
        ["REDIS_PORT"] = _stack.Redis.Port.ToString(CultureInfo.InvariantCulture),
        ["REDIS_PASSWORD"] = _stack.Redis.Password,
        ["JWT_SECRET"] = _jwt.Secret,
        ["INTERNAL_API_KEY"] = _secrets["INTERNAL_API_KEY"],
        ["INTERNAL_WEBHOOK_SECRET"] = _secrets["INTERNAL_WEBHOOK_SECRET"],
        // A test makes more calls in a second than a person may in a minute; the tests of limits say so themselves.
        ["ENABLE_RATE_LIMITING"] = "false",
    };

    private static string? Text(Uri? url) => url?.ToString().TrimEnd('/');
}
