using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>Beside a stack's PostgreSQL a synchronous standby, and beside its Redis a replica, and three Sentinels that watch both.</summary>
internal sealed class FailoverPair(Stack stack) : IAsyncDisposable
{
    private const int SentinelCount = 3;

    // Make a standby, have each commit wait for it; and much later, let it take over.
    private static readonly IReadOnlyList<RunnableBlock> s_steps = RunnableBlock.Steps("docs/high-availability.md");

    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _processes = [];
    private DataFolder? _data;
    private PrivatePostgres? _standby;
    private PrivateRedis? _replica;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public PostgresAddress Standby => _standby!.Address;

    /// <summary>For REDIS_SENTINELS.</summary>
    public string Sentinels { get; private set; } = "";

    public async Task StartAsync()
    {
        _data = DataFolder.Open(Path.Combine(_folder.Path, "second"));
        await StartStandbyAsync();
        await StartRedisAsync();
    }

    /// <summary>What the primary says of its standby: <c>sync</c> if each commit waits for it.</summary>
    public async Task<string?> SyncStateAsync()
    {
        await using var connection = await OpenAsync(stack.Postgres);
        return await connection.ExecuteScalarAsync<string?>("select sync_state from pg_stat_replication where application_name = 'standby'");
    }

    /// <summary>As whoever watches over the pair would: three calls in a row without an answer, and the standby takes over.</summary>
    public async Task<DateTimeOffset> PromoteWhenPrimaryIsGoneAsync()
    {
        for (var silent = 0; silent < 3; await Task.Delay(200, Cancellation)) silent = await AnswersAsync(stack.Postgres.Port) ? 0 : silent + 1;
        await ServerTools.RunAsync(s_steps[2], Superuser(Standby));
        return DrillSale.Now;
    }

    /// <summary>The new primary's own word, once it has taken over.</summary>
    public async Task<T> AskStandbyAsync<T>(string database, string sql)
    {
        await using var connection = await OpenAsync(Standby with { Database = database });
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    public async Task<IReadOnlySet<Guid>> OrdersAsync(string database)
    {
        await using var connection = await OpenAsync(Standby with { Database = database });
        return (await connection.QueryAsync<Guid>("select id from tickets.orders where status = 'paid'")).ToHashSet();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) ServerTools.Kill(process);
        if (_standby is not null) await _standby.DisposeAsync();
        if (_replica is not null) await _replica.DisposeAsync();
        _data?.Dispose();
        _folder.Dispose();
    }

    private async Task StartStandbyAsync()
    {
        var cluster = Path.Combine(_data!.ServerFolder("postgres"), "cluster");
        await ServerTools.RunAsync(s_steps[0], [.. Superuser(stack.Postgres), ("PGDATA", cluster)]);
        _standby = await PrivatePostgres.StartAsync(_data, stack.Postgres.Password, new Dictionary<string, string> { ["max_connections"] = "400" }, Cancellation);
        await ServerTools.RunAsync(s_steps[1], Superuser(stack.Postgres));
    }

    private async Task StartRedisAsync()
    {
        var first = stack.Redis;
        _replica = await PrivateRedis.StartAsync(_data!, first.Password!, Cancellation);
        foreach (var port in new[] { first.Port, _replica.Address.Port }) await RedisAsync(port, "CONFIG", "SET", "masterauth", first.Password!);
        await RedisAsync(_replica.Address.Port, "REPLICAOF", first.Host, Text(first.Port));
        await World.UntilAsync(async () => (await RedisAsync(_replica.Address.Port, "INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        var ports = new List<int>();
        foreach (var number in Enumerable.Range(1, SentinelCount))
        {
            var port = FreePort();
            var file = Path.Combine(_folder.Path, $"sentinel-{number}.conf");
            var text = (await File.ReadAllTextAsync(Path.Combine(RunnableBlock.Root, "deploy", "high-availability", "sentinel.conf"), Cancellation))
                .Replace("port 26379", $"port {port}\nbind 127.0.0.1", StringComparison.Ordinal).Replace("127.0.0.1 6379", $"127.0.0.1 {first.Port}", StringComparison.Ordinal)
                .Replace("change-this-password", first.Password, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, text, Cancellation);
            _processes.Add(ServerTools.Start("redis-server", [file, "--sentinel"]));
            ports.Add(port);
        }
        await World.UntilAsync(async () =>
        {
            foreach (var port in ports)
            {
                var known = await AskRedisAsync(port, password: null, "SENTINEL", "master", "admitone");
                if (!known.Contains("num-slaves\n1\n", StringComparison.Ordinal) || !known.Contains($"num-other-sentinels\n{SentinelCount - 1}\n", StringComparison.Ordinal)) return false;
            }
            return true;
        }, TimeSpan.FromSeconds(60));

        Sentinels = string.Join(',', ports.Select(port => $"127.0.0.1:{Text(port)}"));
    }

    private Task<string> RedisAsync(int port, params string[] words) => AskRedisAsync(port, stack.Redis.Password, words);

    private static async Task<string> AskRedisAsync(int port, string? password, params string[] words)
    {
        var start = new ProcessStartInfo("redis-cli", ["-h", "127.0.0.1", "-p", Text(port), .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (password is not null) start.Environment["REDISCLI_AUTH"] = password;
        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            return (await process.StandardOutput.ReadToEndAsync(patience.Token)).ReplaceLineEndings("\n");
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            process.Kill();
            return "";
        }
    }

    private static (string, string)[] Superuser(PostgresAddress server) =>
        [("PGHOST", server.Host), ("PGPORT", Text(server.Port)), ("PGUSER", server.User), ("PGPASSWORD", server.Password), ("PGDATABASE", "postgres")];

    private static async Task<NpgsqlConnection> OpenAsync(PostgresAddress address)
    {
        var database = address.Database == "admitone" ? "postgres" : address.Database;
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(address.ConnectionString(database)) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, Cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
