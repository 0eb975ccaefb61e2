using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace AdmitOne.Cli.Local;

/// <summary>A service as a process of its own, as in production: it gets its settings as its environment, and SIGTERM to stop.</summary>
internal sealed class SeparateService : IAsyncDisposable
{
    private static readonly string[] s_programs = ["AdmitOne.Events", "AdmitOne.Tickets"];

    // As long as the startup probe in a cluster waits: on a machine that does much else a start takes its time. One that dies is seen at once.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly ServerProcess _process;

    private SeparateService(ServerProcess process) => _process = process;

    public ServerProcess Process => _process;

    /// <param name="program">The name of the built service, which lies beside this program.</param>
    /// <exception cref="CannotRunException">It ended instead of becoming ready.</exception>
    public static async Task<SeparateService> StartAsync(DataFolder data, string program, Dictionary<string, string> settings, CancellationToken cancellationToken)
    {
        // It writes to standard output, as production collects it, and that goes to the same file.
        settings.Remove("LOG_FILE", out var log);
        settings.TryAdd("SHUTDOWN_WAIT_SECONDS", "0");   // there is no balancer to wait for
        settings["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        var process = ServerProcess.Start(new ServerCommand($"{program} on port {settings["PORT"]}", data.Logs, log!, User: null, settings, [Path.Combine(AppContext.BaseDirectory, program)]));
        var service = new SeparateService(process);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{settings["PORT"]}"), Timeout = TimeSpan.FromSeconds(5) };
            var since = Stopwatch.StartNew();
            while (await WhyNotReadyAsync(client, cancellationToken) is { } reason)
            {
                if (process.HasExited)
                {
                    throw process.Failed();
                }

                if (since.Elapsed > s_patience)
                {
                    throw new CannotRunException($"{program} is not ready after {s_patience.TotalSeconds} s: {reason} (its log is {log})");
                }

                await Task.WhenAny(process.Exited, Task.Delay(100, cancellationToken));
            }

            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public static Task<int> StopLeftBehindAsync(DataFolder data, CancellationToken cancellationToken) =>
        LeftBehind.StopAsync(data.Logs, s_programs, Posix.Terminate, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(Posix.Terminate, TimeSpan.FromSeconds(30));
        _process.Dispose();
    }

    private static async Task<string?> WhyNotReadyAsync(HttpClient client, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync("/health/ready", cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK ? null : await answer.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return fault.Message;
        }
    }
}
