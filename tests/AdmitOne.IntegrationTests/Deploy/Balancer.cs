using System.Diagnostics;
using System.Net;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Docs;

namespace AdmitOne.IntegrationTests.Deploy;

/// <summary>haproxy with our configuration, in front of replicas on this machine.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _file;

    private Balancer(Process process, string file, Uri url) => (_process, _file, Url) = (process, file, url);

    public Uri Url { get; }

    /// <summary>null where haproxy is not installed; <c>./test</c> installs it on Debian.</summary>
    public static string? Program { get; } = new[] { "/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/opt/homebrew/bin/haproxy" }.FirstOrDefault(File.Exists);

    public static async Task<Balancer> StartAsync(IEnumerable<int> replicas, CancellationToken cancellationToken)
    {
        var port = FreePort.Choose(null);
        var text = (await File.ReadAllTextAsync(Path.Combine(RunnableBlock.Root, "deploy/haproxy/haproxy.cfg"), cancellationToken))
            .Replace("@LISTEN@", $"127.0.0.1:{port}", StringComparison.Ordinal)
            // All buyers of the drill come from one address.
            .Replace("@CONNECTIONS@", "5000", StringComparison.Ordinal).Replace("@REQUESTS@", "1000000", StringComparison.Ordinal)
            .Replace("@SERVERS@", string.Join('\n', replicas.Select((replica, n) => $"    server tickets-{n + 1} 127.0.0.1:{replica}")), StringComparison.Ordinal);
        var file = Path.Combine(Path.GetTempPath(), $"haproxy-{Guid.CreateVersion7():n}.cfg");
        await File.WriteAllTextAsync(file, text, cancellationToken);
        var process = Process.Start(new ProcessStartInfo(Program!, ["-db", "-f", file]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var balancer = new Balancer(process, file, new Uri($"http://127.0.0.1:{port}"));
        using var client = new HttpClient { BaseAddress = balancer.Url };
        for (var look = 0; look < 300; look++)
        {
            if (process.HasExited) throw new InvalidOperationException($"haproxy ended: {await said}");
            try
            {
                using var answer = await client.GetAsync("/health/ready", cancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK) return balancer;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
            await Task.Delay(50, cancellationToken);
        }
        await balancer.DisposeAsync();
        throw new TimeoutException("haproxy found no replica ready.");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        File.Delete(_file);
    }
}
