using System.Diagnostics;
using System.Security.Cryptography;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

[assembly: AssemblyFixture(typeof(Stack))]

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>
/// One private PostgreSQL and one private Redis for all tests of a run, and as many databases as they ask for, each a copy of one that was
/// migrated once. Everything is removed at the end; what a killed run left behind is removed by the next one.
/// </summary>
public sealed class Stack : IAsyncLifetime
{
    private const string Template = "admitone_template";
    private const int Slots = 20;
    private const string SharedMemory = "/dev/shm";
    private const long EnoughMemory = 8L << 30;

    // Tests kill processes, never the machine: what was written reaches the next reader without being forced to the disk.
    private static readonly Dictionary<string, string> s_settings = new() { ["fsync"] = "off", ["max_connections"] = "400", ["shared_buffers"] = "256MB" };

    private readonly string? _folder;
    private DataFolder? _data;
    private PrivatePostgres? _postgres;
    private PrivateRedis? _redis;
    private string? _missing;
    private int _databases;
    private bool _isPostgresDead;

    /// <summary>The one of this run, for what no fixture is handed to.</summary>
    public static Stack Current { get; private set; } = null!;

    private readonly string _postgresPassword = NewSecret();
    private readonly string _redisPassword = NewSecret();

    /// <summary>Whether this machine lacks the servers. A fixture that finds so starts nothing: only a test, not its fixture, can be skipped.</summary>
    public bool IsMissing => _missing is not null;

    /// <summary>As the superuser, whom no policy binds.</summary>
    public PostgresAddress Postgres => Ready(_postgres).Address;

    public RedisAddress Redis => Ready(_redis).Address;

    /// <summary>A folder for logs and the like, which goes with the stack.</summary>
    public string Folder => Ready(_data).Path;

    public Stack() { }

    /// <param name="folder">Where it keeps all that it has, for one test alone.</param>
    internal Stack(string folder) => _folder = folder;

    /// <summary>Of each login role, and of the neighbours'.</summary>
    public IReadOnlyDictionary<string, string> Passwords { get; } =
        DatabaseRoles.Logins.Append(Neighbourhood.Role).ToDictionary(role => role, _ => NewSecret());

    public static string NewSecret() => RandomNumberGenerator.GetHexString(40, lowercase: true);

    public async ValueTask InitializeAsync()
    {
        Current ??= this;   // one that a test starts for itself alone is nobody else's
        try
        {
            _data = _folder is null ? await OpenFolderAsync() : DataFolder.Open(_folder);
            var postgres = PrivatePostgres.StartAsync(_data, _postgresPassword, s_settings, CancellationToken.None);
            var redis = PrivateRedis.StartAsync(_data, _redisPassword, CancellationToken.None);
            await Task.WhenAll(Settled(postgres), Settled(redis));
            (_postgres, _redis) = (await postgres, await redis);
            await MakeTemplateAsync();
        }
        // A laptop without the servers skips these tests and says what to install; CI must never pass by skipping.
        catch (CannotRunException missing) when (Environment.GetEnvironmentVariable("CI") != "true")
        {
            _missing = missing.Message;
        }
    }

    /// <summary>PostgreSQL dies without a goodbye and is started again where it was. Only for a test that has a stack to itself.</summary>
    public async Task CutPostgresAsync()
    {
        Kill(Ready(_postgres).ProcessId);
        _postgres = await PrivatePostgres.StartAsync(Ready(_data), _postgresPassword, s_settings, CancellationToken.None);
    }

    /// <summary>Starts PostgreSQL again if it has ended, as the machine's service manager would.</summary>
    /// <returns>Whether it had ended.</returns>
    public async Task<bool> RestartPostgresIfEndedAsync()
    {
        if (!Ready(_postgres).Process.HasExited) return false;
        try
        {
            _postgres = await PrivatePostgres.StartAsync(Ready(_data), _postgresPassword, s_settings, CancellationToken.None);
        }
        catch (Exception fault) when (fault is CannotRunException or IOException)
        {
            // Its disk is still full; it is started again with the next look.
        }
        return true;
    }

    /// <summary>PostgreSQL dies without a goodbye, and its files are somebody else's to put back before it is started again. Only for a test that has a stack to itself.</summary>
    /// <param name="rebuild">Is given the cluster's folder, which belongs to the user that its parent belongs to.</param>
    public async Task LosePostgresAsync(Func<string, Task> rebuild)
    {
        ArgumentNullException.ThrowIfNull(rebuild);
        Kill(Ready(_postgres).ProcessId);
        await rebuild(ClusterFolder);
        _postgres = await PrivatePostgres.StartAsync(Ready(_data), _postgresPassword, s_settings, CancellationToken.None);
    }

    /// <summary>PostgreSQL dies without a goodbye, and stays dead.</summary>
    public void KillPostgres()
    {
        Kill(Ready(_postgres).ProcessId);
        _isPostgresDead = true;
    }

    /// <summary>Redis dies without a goodbye, and stays dead.</summary>
    public void KillRedis() => Kill(Ready(_redis).ProcessId);

    /// <summary>Where PostgreSQL keeps its files.</summary>
    public string ClusterFolder => Path.Combine(Ready(_data).Servers, "postgres", "cluster");

    /// <summary>Redis dies without a goodbye and is started again where it was. Only for a test that has a stack to itself.</summary>
    public async Task CutRedisAsync()
    {
        Kill(Ready(_redis).ProcessId);
        _redis = await PrivateRedis.StartAsync(Ready(_data), _redisPassword, CancellationToken.None);
    }

    /// <summary>A migrated database that nobody else uses.</summary>
    public async Task<string> NewDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"world_{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(Unpooled("postgres"));
        await connection.OpenAsync(cancellationToken);
        // A copy has its template's contents, not its rights.
        foreach (var sql in new[]
        {
            $"create database {name} template {Template} owner {DatabaseRoles.Owner}",
            $"revoke all on database {name} from public; grant connect on database {name} to {string.Join(", ", Passwords.Keys)}",
        })
            await connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: cancellationToken));
        return name;
    }

    public async Task DropDatabaseAsync(string name)
    {
        if (_isPostgresDead) return;
        await using var connection = new NpgsqlConnection(Unpooled("postgres"));
        await connection.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync($"drop database if exists {name} with (force)");
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_postgres is not null) await _postgres.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        if (_data is not null) Remove(_data);
    }

    /// <summary>Ends a test that needs the servers where there are none.</summary>
    public void SkipIfMissing()
    {
        if (_missing is not null) Assert.Skip(_missing);
    }

    private static void Kill(int pid)
    {
        using var process = Process.GetProcessById(pid);
        process.Kill();
        process.WaitForExit();
    }

    private T Ready<T>(T? part) where T : class
    {
        SkipIfMissing();
        return part ?? throw new InvalidOperationException("The stack has not been started.");
    }

    private string Unpooled(string database) => new NpgsqlConnectionStringBuilder(Postgres.ConnectionString(database)) { Pooling = false }.ConnectionString;

    private async Task MakeTemplateAsync()
    {
        await DatabaseRoles.EnsureAsync(Postgres.ConnectionString("postgres"), Template,
            Passwords.Where(p => p.Key != Neighbourhood.Role).ToDictionary(), CancellationToken.None);
        await Neighbourhood.MakeAsync(Unpooled(Template), Passwords[Neighbourhood.Role]);
        await new Migrator((Postgres with { Database = Template, User = DatabaseRoles.Migrate, Password = Passwords[DatabaseRoles.Migrate] }).ConnectionString())
            .UpAsync(to: null, CancellationToken.None);
        NpgsqlConnection.ClearAllPools();   // nobody may be connected to what is copied
    }

    /// <summary>
    /// A fixed place for each run that goes on at once, so that the next run finds what a killed one left: starting a server in its folder
    /// stops the one that was left there.
    /// </summary>
    private static async Task<DataFolder> OpenFolderAsync()
    {
        for (var slot = 0; ; slot++)
        {
            try
            {
                var path = Path.Combine(Root(), $"admitone-tests-{Environment.UserName}-{slot}");
                var data = DataFolder.Open(path);
                if (Directory.EnumerateFileSystemEntries(data.Servers).Any())
                {
                    await StopAsync(PrivatePostgres.StartAsync(data, NewSecret(), s_settings, CancellationToken.None));
                    await StopAsync(PrivateRedis.StartAsync(data, NewSecret(), CancellationToken.None));
                    Remove(data);
                    data = DataFolder.Open(path);
                }
                return data;
            }
            catch (CannotRunException) when (slot < Slots)
            {
                // Another run has it, or another user made it.
            }
        }
    }

    // Each world is a database of a thousand files. Making and removing them on a disk's file system took 5 % of a run's processor time.
    private static string Root() =>
        Directory.Exists(SharedMemory) && new DriveInfo(SharedMemory).AvailableFreeSpace >= EnoughMemory ? SharedMemory : Path.GetTempPath();

    private static async Task StopAsync<T>(Task<T> starting) where T : IAsyncDisposable
    {
        try
        {
            await (await starting).DisposeAsync();
        }
        catch (CannotRunException)
        {
            // A half-made cluster does not start. Whatever ran in its folder has been stopped before that was tried.
        }
    }

    private static void Remove(DataFolder data)
    {
        if (Directory.Exists(data.Servers)) Directory.Delete(data.Servers, recursive: true);
        Directory.Delete(data.Path, recursive: true);
        data.Dispose();
    }

    // Both are waited for even if one fails, so that no server is started behind a failure's back.
    private static Task Settled(Task task) => task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
}
