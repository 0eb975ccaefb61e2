using System.Diagnostics;
using System.Globalization;
using System.Net;
using AdmitOne.IntegrationTests.Docs;

namespace AdmitOne.IntegrationTests.Deploy;

/// <summary>Podman with the settings of <c>deploy/docker/containers.conf</c>, and scripts of this repository.</summary>
internal static class Podman
{
    /// <summary>Runs a program to its end, from the checkout.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (code, output, errors) = await TryAsync(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}:\n{output}{errors}");
        return output.Trim();
    }

    public static async Task<(int Code, string Output, string Errors)> TryAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = RunnableBlock.Root };
        start.Environment["CONTAINERS_CONF"] = Path.Combine(RunnableBlock.Root, "deploy/docker/containers.conf");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>What follows <c>podman run</c> to start a container as the manifests do: within their limits, with nothing to write to, and nothing that it may do besides.</summary>
    public static string[] Confined(string name, string image, IEnumerable<KeyValuePair<string, string?>> settings, params string[] command) =>
    [
        "--name", name, "--network", "host", "--memory", "1g", "--cpus", "1", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges",
        .. settings.Where(one => !string.IsNullOrEmpty(one.Value)).SelectMany(one => new[] { "--env", $"{one.Key}={one.Value}" }), image, .. command,
    ];

    /// <summary>Waits until a page answers 200.</summary>
    public static async Task UntilReadyAsync(Uri page)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        var since = Stopwatch.StartNew();
        var said = "";
        while (since.Elapsed < TimeSpan.FromSeconds(90))
        {
            try
            {
                using var answer = await client.GetAsync(page, TestContext.Current.CancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK) return;
                said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                said = fault.Message;
            }
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
        Assert.Fail($"{page} is not ready: {said}");
    }

    /// <summary>The most that the container's first process has had in memory, in MiB, and the processor time that it has taken, in seconds.</summary>
    public static async Task<(double PeakMebibytes, double ProcessorSeconds)> UseAsync(string container)
    {
        var id = await RunAsync("podman", "inspect", "--format", "{{.State.Pid}}", container);
        using var process = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));
        return (process.PeakWorkingSet64 / 1024.0 / 1024, process.TotalProcessorTime.TotalSeconds);
    }
}
