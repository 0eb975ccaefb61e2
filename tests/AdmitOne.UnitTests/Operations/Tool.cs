using System.Diagnostics;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

/// <summary>A program of Prometheus' or Alertmanager's own, run in the checkout.</summary>
internal static class Tool
{
    /// <summary>Runs it and fails with its own words. Without it a laptop skips the test; CI must never pass by skipping.</summary>
    public static async Task<string> RunAsync(string program, string package, params string[] words)
    {
        if (!IsThere(program))
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{program} is missing: apt-get install {package}");
            Assert.Skip($"{program} is missing: apt-get install {package}");
        }
        using var process = Process.Start(new ProcessStartInfo(program, words) { WorkingDirectory = Checkout.Root, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', words)} ended with {process.ExitCode}:\n{said[0]}{said[1]}");
        return said[0] + said[1];
    }

    private static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
