using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace AdmitOne.Cli.Local;

/// <summary>
/// A PostgreSQL of our own below a data folder, never the machine's: loopback only, passwords by SCRAM, no socket file.
/// It is a child of this process; <see cref="DisposeAsync"/> stops it.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const string Superuser = "postgres";
    private static readonly string[] s_programs = ["postgres"];

    private readonly ServerProcess _process;

    private PrivatePostgres(ServerProcess process, PostgresAddress address, int version)
    {
        _process = process;
        Address = address;
        Version = version;
    }

    /// <summary>As the superuser; the database is made by whoever prepares the schema.</summary>
    public PostgresAddress Address { get; }

    /// <summary>The major version.</summary>
    public int Version { get; }

    public int ProcessId => _process.Id;

    internal ServerProcess Process => _process;

    /// <summary>Whether the data folder has a cluster already.</summary>
    public static bool ExistsIn(DataFolder data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Directory.Exists(Path.Combine(data.Servers, "postgres", "cluster"));
    }

    /// <summary>Starts the cluster of the data folder, which is made at first use.</summary>
    /// <param name="password">The superuser's; kept by the caller, and the same at each start.</param>
    /// <param name="settings">Added to PostgreSQL's defaults, such as `max_connections`.</param>
    /// <exception cref="CannotRunException">It is not installed, or does not start.</exception>
    public static async Task<PrivatePostgres> StartAsync(
        DataFolder data, string password, IReadOnlyDictionary<string, string>? settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(data);
        var home = data.ServerFolder("postgres");
        var cluster = new ClusterFolder(data, Path.Combine(home, "cluster"));
        await LeftBehind.StopAsync(cluster.Path, s_programs, Posix.Interrupt, cancellationToken);
        cluster.ForgetDeadPostmaster();
        var binaries = PostgresBinaries.Find(cluster.Version);
        var durable = Task.CompletedTask;
        if (cluster.Version is null)
        {
            await cluster.CreateAsync(binaries, Superuser, password, cancellationToken);
            durable = cluster.FlushAsync(binaries, cancellationToken);
        }

        var (process, port) = await StartOnFreePortAsync(cluster, binaries, settings, cancellationToken);
        try
        {
            await durable;
            return new PrivatePostgres(process, new PostgresAddress("127.0.0.1", port, "admitone", Superuser, password), binaries.Version);
        }
        catch
        {
            await StopAsync(process);
            throw;
        }
    }

    /// <summary>The superuser's way into a database; `postgres` always exists.</summary>
    public string ConnectionString(string database = "postgres") => Address.ConnectionString(database);

    /// <summary>Ends sessions and stops, without waiting for clients to leave; nothing that was committed is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(_process);
        _process.Dispose();
    }

    private static Task StopAsync(ServerProcess process) => process.StopAsync(Posix.Interrupt, TimeSpan.FromSeconds(60));

    private static async Task<(ServerProcess Process, int Port)> StartOnFreePortAsync(
        ClusterFolder cluster, PostgresBinaries binaries, IReadOnlyDictionary<string, string>? settings, CancellationToken cancellationToken)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var port = FreePort.Choose(cluster.RememberedPort);
            var process = ServerProcess.Start(cluster.Command("PostgreSQL", [binaries.Postgres, "-D", cluster.Path, .. Settings(port, settings)]));
            if (await IsReadyAsync(process, cluster, cancellationToken))
            {
                cluster.RememberedPort = port;
                return (process, port);
            }

            var failed = process.Failed();
            process.Dispose();
            // Someone else took the port in between, or sessions of a killed postmaster still hold its memory for a moment.
            var passing = !FreePort.IsFree(port) || failed.Message.Contains("shared memory block", StringComparison.Ordinal);
            if (!passing || since.Elapsed > TimeSpan.FromSeconds(20))
            {
                throw failed;
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    private static IEnumerable<string> Settings(int port, IReadOnlyDictionary<string, string>? settings)
    {
        var all = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = "",
            // Both services' pools, the neighbours and a few replicas; the default of 100 is one Npgsql pool.
            ["max_connections"] = "200",
            ["log_min_duration_statement"] = "500ms",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            all[name] = value;
        }

        return all.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" });
    }

    /// <summary>Waits as long as it lives: recovery after a crash takes the time that it takes.</summary>
    private static async Task<bool> IsReadyAsync(ServerProcess process, ClusterFolder cluster, CancellationToken cancellationToken)
    {
        try
        {
            while (!process.HasExited)
            {
                if (cluster.IsReady(process.Id))
                {
                    return true;
                }

                await Task.Delay(10, cancellationToken);
            }

            return false;
        }
        catch (OperationCanceledException)
        {
            await StopAsync(process);
            process.Dispose();
            throw;
        }
    }
}

public static class PostgresAddressExtensions
{
    public static string ConnectionString(this PostgresAddress address, string? database = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Database = database ?? address.Database,
            Username = address.User,
            Password = address.Password,
        }.ConnectionString;
    }
}
