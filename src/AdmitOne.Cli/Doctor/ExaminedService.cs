using System.Globalization;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace AdmitOne.Cli.Doctor;

/// <summary>One service's configuration, and the ways in that it names.</summary>
internal sealed class ExaminedService(ServiceDefinition definition, IConfiguration settings, Func<IConfiguration, WebApplication> build) : IAsyncDisposable
{
    private const int PatienceSeconds = 2;

    private readonly Lazy<IReadOnlyList<string>> _faults = new(() => FaultsOf(settings, build));
    private Task<NpgsqlConnection>? _connection;

    /// <summary><c>event-service</c> or <c>ticket-service</c>.</summary>
    public string Name => definition.Name;

    public ServiceDefinition Definition => definition;

    public IConfiguration Settings => settings;

    /// <summary>The lines with which the service itself would refuse to start.</summary>
    public IReadOnlyList<string> Faults => _faults.Value;

    public PostgresOptions Postgres => Bound<PostgresOptions>();

    public RedisOptions Redis => Bound<RedisOptions>();

    public int PoolMax => Postgres.PoolMax ?? definition.DefaultPoolMax;

    /// <summary>Where PostgreSQL is and who logs in, without the password.</summary>
    public string DatabaseAddress
    {
        get
        {
            var at = Postgres;
            return $"{at.User} at {at.Host}:{at.Port.ToString(CultureInfo.InvariantCulture)}/{at.Name}";
        }
    }

    /// <summary>The service's own login, as the service connects. Asked again, it is the same connection, or the same exception.</summary>
    public Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken) => _connection ??= OpenAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_connection is { IsCompletedSuccessfully: true }) await (await _connection).DisposeAsync();
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var at = Postgres;
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = at.Host,
            Port = at.Port,
            Database = at.Name,
            Username = at.User,
            Password = at.Password,
            SslMode = at.EffectiveSslMode(Platform.Configuration.ServiceOptions.IsProductionIn(settings)),
            ApplicationName = "admitone-doctor",
            Pooling = false,
            Timeout = PatienceSeconds,
            CommandTimeout = PatienceSeconds,
            Options = $"-c statement_timeout={at.StatementTimeoutMs.ToString(CultureInfo.InvariantCulture)} -c timezone=UTC",
        }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // The service is put together as it would be for a start, and not started: what it refuses is what is wrong.
    private static string[] FaultsOf(IConfiguration settings, Func<IConfiguration, WebApplication> build)
    {
        var quiet = new ConfigurationBuilder().AddConfiguration(settings)
            .AddInMemoryCollection([KeyValuePair.Create<string, string?>("LOG_FILE", "/dev/null"), KeyValuePair.Create<string, string?>("OTEL_EXPORTER_OTLP_ENDPOINT", null)]).Build();
        try
        {
            var host = build(quiet);
            ((IDisposable)host).Dispose();
            return [];
        }
        catch (Exception fault) when (ServiceHost.StartFaults(fault).Distinct().ToArray() is { Length: > 0 } lines)
        {
            return lines;
        }
    }

    private T Bound<T>() where T : new()
    {
        var options = new T();
        try
        {
            settings.Bind(options);
        }
        catch (InvalidOperationException)
        {
            // A value of the wrong kind is a line of its own; the others are still looked at.
        }
        return options;
    }
}
