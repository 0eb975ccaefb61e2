using System.Diagnostics;
using AdmitOne.Cli.Local;

namespace AdmitOne.IntegrationTests.Operations;

/// <summary>Prometheus or Alertmanager as a process of the test's own, on loopback, with its data in a folder that goes with it.</summary>
internal sealed class WatchingProgram : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private WatchingProgram(Process process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }

    /// <summary>Ends a test where the programs are not installed; CI must never pass by skipping.</summary>
    public static void SkipIfMissing()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (new[] { "prometheus", "prometheus-alertmanager" }.All(program => folders.Any(folder => File.Exists(Path.Combine(folder, program))))) return;
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "Prometheus or Alertmanager is missing: apt-get install prometheus prometheus-alertmanager");
        Assert.Skip("Prometheus or Alertmanager is missing: apt-get install prometheus prometheus-alertmanager");
    }

    public static async Task<WatchingProgram> StartAsync(string program, params string[] words)
    {
        var port = FreePort.Choose(null);
        var start = new ProcessStartInfo(program, [.. words, $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var running = new WatchingProgram(Process.Start(start)!, new Uri($"http://127.0.0.1:{port}"));
        var said = running._process.StandardError.ReadToEndAsync(CancellationToken.None);
        _ = running._process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        using var http = new HttpClient { BaseAddress = running.Url };
        var since = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync("/-/ready", TestContext.Current.CancellationToken);
                if (answer.IsSuccessStatusCode) return running;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
            var gone = running._process.HasExited;
            if (gone || since.Elapsed > s_patience)
            {
                await running.DisposeAsync();
                Assert.Fail($"{program} did not get ready: {(gone ? await said : "it does not answer")}");
            }
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
