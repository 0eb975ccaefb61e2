using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AdmitOne.Cli.Local;

/// <summary>A Redis of our own below a data folder: loopback only, with a password, and an append-only file, so that nothing is lost when it is killed.</summary>
public sealed class PrivateRedis : IAsyncDisposable
{
    // Fedora ships the fork under the name of valkey; the protocol and the settings used here are the same.
    private static readonly string[] s_programs = ["redis-server", "valkey-server", "redis-check-rdb", "valkey-check-rdb"];

    private readonly ServerProcess _process;

    private PrivateRedis(ServerProcess process, RedisAddress address)
    {
        _process = process;
        Address = address;
    }

    public RedisAddress Address { get; }

    public int ProcessId => _process.Id;

    internal ServerProcess Process => _process;

    /// <param name="password">Kept by the caller; it may be another at each start.</param>
    /// <exception cref="CannotRunException">It is not installed, or does not start.</exception>
    public static async Task<PrivateRedis> StartAsync(DataFolder data, string password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(data);
        var program = Program();
        var home = data.ServerFolder("redis");
        await LeftBehind.StopAsync(home, s_programs, Posix.Terminate, cancellationToken);
        var since = Stopwatch.StartNew();
        while (true)
        {
            var port = FreePort.Choose(Remembered(home));
            var address = new RedisAddress("127.0.0.1", port, password);
            var process = ServerProcess.Start(new ServerCommand(
                "Redis", home, data.Log("redis"), data.User, new Dictionary<string, string>(), [program, WriteConfiguration(data, home, address)]));
            if (await IsReadyAsync(process, address, cancellationToken))
            {
                return new PrivateRedis(process, address);
            }

            var failed = process.Failed();
            process.Dispose();
            if (FreePort.IsFree(port) || since.Elapsed > TimeSpan.FromSeconds(20))
            {
                throw failed;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(_process);
        _process.Dispose();
    }

    private static Task StopAsync(ServerProcess process) => process.StopAsync(Posix.Terminate, TimeSpan.FromSeconds(30));

    private static string Program()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return s_programs.Take(2).SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new CannotRunException("no Redis server is installed: apt-get install redis-server, dnf install valkey, or brew install redis");
    }

    // The port of last time stands in the configuration of last time.
    private static int? Remembered(string home)
    {
        var file = Path.Combine(home, "redis.conf");
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("port ", StringComparison.Ordinal)) : null;
        return line is not null && int.TryParse(line[5..], out var port) ? port : null;
    }

    private static string WriteConfiguration(DataFolder data, string home, RedisAddress address)
    {
        var file = Path.Combine(home, "redis.conf");
        DataFolder.WriteSecret(file, $"""
            bind {address.Host}
            port {address.Port}
            requirepass {Quoted(address.Password)}
            dir {Quoted(home)}
            appendonly yes
            save ""
            daemonize no
            """ + "\n");
        data.GiveToServers(file);
        return file;
    }

    private static async Task<bool> IsReadyAsync(ServerProcess process, RedisAddress address, CancellationToken cancellationToken)
    {
        try
        {
            while (!process.HasExited)
            {
                if (await AnswersAsync(address, cancellationToken))
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

    /// <summary>PING in Redis' own words: only the platform may know the client library. While it still loads its file it answers -LOADING.</summary>
    private static async Task<bool> AnswersAsync(RedisAddress address, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, address.Port, cancellationToken);
            using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"AUTH {Quoted(address.Password)}\r\nPING\r\nQUIT\r\n"), cancellationToken);
            var answer = await new StreamReader(stream).ReadToEndAsync(cancellationToken);
            return answer.StartsWith("+OK\r\n+PONG\r\n", StringComparison.Ordinal);
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            return false;
        }
    }

    private static string Quoted(string? text) => "\"" + text?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
