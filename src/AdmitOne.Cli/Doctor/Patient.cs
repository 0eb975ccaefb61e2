using AdmitOne.Cli.Local;
using AdmitOne.Events;
using AdmitOne.Platform.Configuration;
using AdmitOne.Schema;
using AdmitOne.Tickets;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace AdmitOne.Cli.Doctor;

/// <summary>What the doctor looks at: the configuration of both services, and what it leads to.</summary>
internal sealed class Patient(IReadOnlyList<ExaminedService> services) : IAsyncDisposable
{
    /// <summary>The Event Service and the Ticket Service.</summary>
    public IReadOnlyList<ExaminedService> Services { get; } = services;

    public ExaminedService Events => Services[0];

    public ExaminedService Tickets => Services[1];

    public bool IsProduction => Services.Any(service => ServiceOptions.IsProductionIn(service.Settings));

    /// <summary>How many of each service there are, or will be.</summary>
    public int Replicas { get; init; } = 1;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>A path on the volume of the database, where this machine sees it.</summary>
    public string? DiskPath { get; init; }

    /// <summary>The least that must be free there, in bytes.</summary>
    public long DiskFreeBytes { get; init; } = 2L << 30;

    /// <summary>How long a neighbour may take to answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Where the services answer, if they run.</summary>
    public Uri? EventsUrl { get; init; }

    public Uri? TicketsUrl { get; init; }

    public Uri? PrometheusUrl { get; init; }

    /// <summary>The checkout whose files are looked at.</summary>
    public string Root { get; init; } = Directory.GetCurrentDirectory();

    /// <summary>What a service reads when it runs as its own process, prefixes and mounted files included.</summary>
    public static IReadOnlyList<ExaminedService> OfEnvironment() => Of(ServiceEnvironment.Read("EVENTS_"), ServiceEnvironment.Read("TICKETS_"));

    public static IReadOnlyList<ExaminedService> Of(IConfiguration events, IConfiguration tickets) =>
    [
        new(EventsService.Definition, events, settings => EventsService.Build(settings)),
        new(TicketsService.Definition, tickets, settings => TicketsService.Build(settings)),
    ];

    /// <summary>What <c>./run</c> tells its services, read from the data folder that it runs on.</summary>
    /// <exception cref="CannotRunException">It does not run there, or the folder may not be read.</exception>
    public static IReadOnlyList<ExaminedService> OfFolder(string folder, GivenVariables given)
    {
        var run = RunFile.Read(folder);
        return Of(Told(DatabaseRoles.Events, "EVENTS_", run.Events, run.Metrics?.Events), Told(DatabaseRoles.Tickets, "TICKETS_", run.Tickets[0], run.Metrics?.Tickets[0]));

        IConfiguration Told(string role, string prefix, string url, string? metrics)
        {
            var settings = new Dictionary<string, string>
            {
                ["PORT"] = new Uri(url).Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["DB_HOST"] = run.Postgres.Host,
                ["DB_PORT"] = run.Postgres.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["DB_NAME"] = run.Postgres.Database,
                ["DB_USER"] = role,
                ["DB_PASSWORD"] = LocalSecrets.Read(folder, role),
                ["REDIS_HOST"] = run.Redis.Host,
                ["REDIS_PORT"] = run.Redis.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["REDIS_PASSWORD"] = run.Redis.Password ?? "",
                ["AUTH_SERVICE_URL"] = run.Auth ?? "",
                ["VENUE_SERVICE_URL"] = run.Venues ?? "",
                ["MINTING_SERVICE_URL"] = run.Minting ?? "",
                ["EVENT_SERVICE_URL"] = run.Events,
                ["TICKET_SERVICE_URL"] = run.Tickets[0],
            };
            foreach (var name in (string[])["JWT_SECRET", "INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "QR_ENCRYPTION_KEY", "CODE_SIGNING_KEY"]) settings[name] = LocalSecrets.Read(folder, name);
            given.Over(settings, prefix);
            if (metrics is not null) settings["METRICS_PORT"] = new Uri(metrics).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            return new ConfigurationBuilder().AddInMemoryCollection(settings!).Build();
        }
    }

    /// <returns>A connection of whichever service gets in; null if none does, which a line of its own says.</returns>
    public async Task<NpgsqlConnection?> AnyConnectionAsync(CancellationToken cancellationToken)
    {
        foreach (var service in Services.Reverse())
        {
            try
            {
                return await service.ConnectAsync(cancellationToken);
            }
            catch (NpgsqlException)
            {
                // The next one may get in.
            }
        }
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Services) await service.DisposeAsync();
    }
}
