using System.Diagnostics;
using System.Globalization;
using System.Net;
using AdmitOne.Cli.Local;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>
/// One more service on a world's database, as a process of its own: what holds between replicas cannot be seen inside one process,
/// where they would share memory.
/// </summary>
public sealed class ReplicaProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);   // on a machine that does much else, starting takes its time

    private readonly Process _process;

    private ReplicaProcess(Process process, Uri url) => (_process, Url) = (process, url);

    public bool HasExited => _process.HasExited;

    public Uri Url { get; }

    public int Id => _process.Id;

    /// <summary>Starts it and waits until it is ready. The program is the one built beside the tests.</summary>
    internal static async Task<ReplicaProcess> StartAsync(IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken, string program = "AdmitOne.Tickets", int? onPort = null, ReplicaStart? how = null)
    {
        how ??= new ReplicaStart();
        var port = onPort ?? FreePort.Choose(null);
        string[] words = [.. how.Before, Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", Path.Combine(AppContext.BaseDirectory, $"{program}.dll")];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        // Nothing of the test's own environment may decide what the service does.
        var inherited = new[] { "PATH", "HOME", "DOTNET_ROOT", "TMPDIR" }.Select(name => (name, Environment.GetEnvironmentVariable(name))).ToArray();
        start.Environment.Clear();
        foreach (var (name, value) in inherited) if (value is not null) start.Environment[name] = value;
        foreach (var (name, value) in settings) if (value is not null) start.Environment[name] = value;
        CommandRun.TellToCompileOnce(start);
        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        start.Environment.TryAdd("METRICS_PORT", "0");   // whether the port 6000 above a free one is free, too, is not known

        var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        if (how.ReadsOutput) _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var replica = new ReplicaProcess(process, new Uri($"http://{how.Host}:{port}"));
        try
        {
            await replica.WaitUntilReadyAsync(said, cancellationToken);
            return replica;
        }
        catch
        {
            await replica.DisposeAsync();
            throw;
        }
    }

    /// <summary>As a power cut would: no goodbye, nothing finished.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>As an orchestrator would: SIGTERM, and as long as it takes.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync(CancellationToken.None);
        await _process.WaitForExitAsync(CancellationToken.None);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private async Task WaitUntilReadyAsync(Task<string> said, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = Url };
        var since = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited) throw new InvalidOperationException($"The replica ended with {_process.ExitCode}: {await said}");
            try
            {
                using var answer = await client.GetAsync("/health/ready", cancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException) when (since.Elapsed < s_patience)
            {
                // It does not listen yet.
            }
            if (since.Elapsed > s_patience) throw new TimeoutException($"The replica on {Url} did not get ready.");
            await Task.Delay(20, cancellationToken);
        }
    }
}

/// <summary>How a replica's process is started, where that is what is tested.</summary>
internal sealed record ReplicaStart
{
    /// <summary>Words before the command, such as those that enter a network namespace.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>If false, its standard output is a pipe that is never read.</summary>
    public bool ReadsOutput { get; init; } = true;

    /// <summary>The port of one that has ended; a free one if null.</summary>
    public int? Port { get; init; }

    /// <summary>The address that it is asked at.</summary>
    public string Host { get; init; } = "127.0.0.1";
}

/// <summary>More than one of us.</summary>
public partial class World
{
    private readonly List<ReplicaProcess> _replicas = [];
    private Task<ReplicaProcess>? _second;

    /// <summary>Kills the replica that listens here.</summary>
    public Task KillReplicaAsync(Uri url) => _replicas.First(replica => replica.Url == url).KillAsync();

    /// <summary>The second Ticket Service on the same database, which all tests of this world share: none may stop it or count on its memory.</summary>
    public async Task<ReplicaProcess> SecondReplicaAsync() => await (_second ??= StartReplicaAsync());

    /// <summary>One more Ticket Service on the same database, which goes with this world.</summary>
    /// <param name="settings">A null takes a setting away.</param>
    public Task<ReplicaProcess> StartReplicaAsync(params (string Name, string? Value)[] settings) => StartReplicaAsync("AdmitOne.Tickets", TicketsSettings, settings);

    internal Task<ReplicaProcess> StartReplicaAsync(ReplicaStart how, params (string Name, string? Value)[] settings) => StartReplicaAsync("AdmitOne.Tickets", TicketsSettings, settings, how.Port, how);

    /// <summary>The same again, where another has just stopped listening.</summary>
    public Task<ReplicaProcess> StartReplicaOnAsync(int port, params (string Name, string? Value)[] settings) => StartReplicaAsync("AdmitOne.Tickets", TicketsSettings, settings, port);

    /// <summary>One more Event Service on the same database, which goes with this world.</summary>
    public Task<ReplicaProcess> StartEventsReplicaAsync() => StartReplicaAsync("AdmitOne.Events", EventsSettings, []);

    /// <summary>From here on this world's verbs speak to processes: what a process counts is seen only there.</summary>
    public async Task SpeakToProcessesAsync()
    {
        var tickets = StartReplicaAsync();
        var events = StartEventsReplicaAsync();
        (TicketsUrl, EventsUrl) = ((await tickets).Url, (await events).Url);
    }

    private async Task<ReplicaProcess> StartReplicaAsync(string program, IReadOnlyDictionary<string, string?> known, (string Name, string? Value)[] settings, int? onPort = null, ReplicaStart? how = null)
    {
        var all = new Dictionary<string, string?>(known) { ["LOG_FILE"] = Path.Combine(_stack.Folder, "logs", $"{_database}-replica-{Guid.CreateVersion7():n}.log") };
        foreach (var (name, value) in settings) all[name] = value;
        var replica = await ReplicaProcess.StartAsync(all, Cancellation, program, onPort, how);
        lock (_replicas) _replicas.Add(replica);
        return replica;
    }
}
