using System.Globalization;
using AdmitOne.Schema;

namespace AdmitOne.Cli.Local;

/// <summary>Where the neighbours are: our own, or those that were given by URL.</summary>
public sealed record NeighbourAddresses(string Auth, string Venues, string Minting);

/// <summary>What each service and neighbour is told: generated, and where a variable was given, that.</summary>
internal sealed class ServiceSettings(
    DataFolder data, LocalSecrets secrets, StackOptions options, PostgresAddress postgres, RedisAddress redis, NeighbourAddresses neighbours)
{
    public const string NeighboursRole = "admitone_neighbours";

    /// <summary>Whoever tries AdmitOne out makes more than ten changes in a minute: managers get 120.</summary>
    public const string ManagersLimits = "venue_manager:WRITE=12,admin:WRITE=12";

    /// <summary>The password of every role that logs in.</summary>
    public IReadOnlyDictionary<string, string> LoginPasswords { get; } = LocalSecrets.Logins.ToDictionary(role => role, role => Password(options, secrets, role));

    public string MigrateConnectionString => (postgres with { User = DatabaseRoles.Migrate, Password = LoginPasswords[DatabaseRoles.Migrate] }).ConnectionString();

    public Dictionary<string, string> ForEvents() => ForService("events", "EVENTS_", DatabaseRoles.Events, options.EventsPort, options.EventsMetricsPort);

    public Dictionary<string, string> ForTickets(int port) =>
        ForService(port == options.TicketsPorts[0] ? "tickets" : $"tickets-{port}", "TICKETS_", DatabaseRoles.Tickets, port,
            options.TicketsMetricsPorts[options.TicketsPorts.ToList().IndexOf(port)]);

    public Dictionary<string, string> ForIdentity()
    {
        var settings = Shared("auth", DatabaseRoles.Identity, options.AuthPort);
        settings["PUBLIC_URL"] = neighbours.Auth;
        options.Given.Over(settings, "IDENTITY_");
        settings["METRICS_PORT"] = Number(options.IdentityMetricsPort);
        return settings;
    }

    public Dictionary<string, string> ForNeighbour(string name, int port)
    {
        var settings = Shared(name, NeighboursRole, port);
        settings["TICKET_SERVICE_URL"] = $"http://127.0.0.1:{options.TicketsPorts[0]}";
        options.Given.Over(settings, prefix: null);
        settings["METRICS_PORT"] = Number(0);   // run.json names those of the services alone
        return settings;
    }

    private Dictionary<string, string> ForService(string name, string prefix, string role, int port, int metricsPort)
    {
        var settings = Shared(name, role, port);
        settings["QR_ENCRYPTION_KEY"] = secrets["QR_ENCRYPTION_KEY"];
        settings["CODE_SIGNING_KEY"] = secrets["CODE_SIGNING_KEY"];
        settings["AUTH_SERVICE_URL"] = neighbours.Auth;
        settings["VENUE_SERVICE_URL"] = neighbours.Venues;
        settings["MINTING_SERVICE_URL"] = neighbours.Minting;
        settings["EVENT_SERVICE_URL"] = $"http://127.0.0.1:{options.EventsPort}";
        settings["TICKET_SERVICE_URL"] = $"http://127.0.0.1:{options.TicketsPorts[0]}";
        options.Given.Over(settings, prefix);
        settings["METRICS_PORT"] = Number(metricsPort);
        if (redis.Password is null)
        {
            settings.Remove("REDIS_PASSWORD");
        }

        return settings;
    }

    private Dictionary<string, string> Shared(string name, string role, int port)
    {
        var settings = new Dictionary<string, string>
        {
            ["PORT"] = Number(port),
            ["BIND"] = "127.0.0.1",
            ["LOG_FILE"] = data.Log(name),
            ["DB_HOST"] = postgres.Host,
            ["DB_PORT"] = Number(postgres.Port),
            ["DB_NAME"] = postgres.Database,
            ["DB_USER"] = role,
            ["DB_PASSWORD"] = LoginPasswords[role],
            ["REDIS_HOST"] = redis.Host,
            ["REDIS_PORT"] = Number(redis.Port),
            ["REDIS_PASSWORD"] = redis.Password ?? "",
            ["REDIS_DB"] = Number(redis.Database),
            ["INTERNAL_API_KEY"] = secrets["INTERNAL_API_KEY"],
            ["INTERNAL_WEBHOOK_SECRET"] = secrets["INTERNAL_WEBHOOK_SECRET"],
            ["RATE_LIMIT_MULTIPLIERS"] = ManagersLimits,
        };
        // A given AUTH_SERVICE_URL brings its own keys: a secret of ours beside it would make the services refuse its tokens.
        if (options.Given["AUTH_SERVICE_URL"] is null)
        {
            settings["JWT_SECRET"] = secrets["JWT_SECRET"];
        }

        return settings;
    }

    private static string Password(StackOptions options, LocalSecrets secrets, string role) =>
        (role switch
        {
            DatabaseRoles.Events => options.Given["EVENTS_DB_PASSWORD"],
            DatabaseRoles.Tickets => options.Given["TICKETS_DB_PASSWORD"],
            DatabaseRoles.Identity => options.Given["IDENTITY_DB_PASSWORD"],
            DatabaseRoles.Migrate => options.Given["DB_MIGRATE_PASSWORD"],
            DatabaseRoles.Audit => options.Given["DB_AUDIT_PASSWORD"],
            _ => null,
        }) ?? secrets[role];

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
