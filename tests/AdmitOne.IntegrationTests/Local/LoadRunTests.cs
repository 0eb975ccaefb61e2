using System.Diagnostics;
using System.Text.Json;
using AdmitOne.IntegrationTests.Docs;

namespace AdmitOne.IntegrationTests.Local;

/// <summary><c>load/run --quick</c>: that it works and its books are right, not how fast this machine is.</summary>
[Trait("Category", "Long")]
public sealed class LoadRunTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(8);   // it may have to build first

    [Fact]
    public async Task A_quick_load_sells_what_it_promises_and_writes_its_report()
    {
        var free = RunningUp.FreePorts();
        var start = new ProcessStartInfo("bash", ["load/run", "--quick"]) { WorkingDirectory = RunnableBlock.Root, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, port) in RunningUp.PortNames.Zip(free)) start.Environment[name] = $"{port}";
        using var run = Process.Start(start)!;
        run.StandardInput.Close();
        var (output, errors) = (run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await run.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!run.HasExited) run.Kill(entireProcessTree: true);
        }
        Assert.True(run.ExitCode == 0, await output + await errors);

        var folder = Path.Combine(RunnableBlock.Root, "artifacts", "load");
        var result = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "results.json"), CancellationToken.None)).RootElement;
        Assert.True(result.GetProperty("verifyClean").GetBoolean());
        Assert.True(result.GetProperty("ticketsPromised").GetInt32() > 50);
        Assert.Equal(result.GetProperty("ticketsCounted").GetInt32(), result.GetProperty("ticketsPromised").GetInt32());
        Assert.Equal(["events_1000", "tickets_500", "tickets_1000"], result.GetProperty("phases").EnumerateArray().Select(phase => phase.GetProperty("name").GetString()));
        Assert.All(result.GetProperty("phases").EnumerateArray(), phase =>
        {
            Assert.Contains($"pictures/load-{phase.GetProperty("name").GetString()}.svg", File.ReadAllText(Path.Combine(folder, "load-report.md")), StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(folder, "pictures", $"load-{phase.GetProperty("name").GetString()}.svg")));
            Assert.True(phase.GetProperty("memory").EnumerateArray().All(use => use.GetProperty("maxMiB").GetDouble() > 0), "The services' own metrics were read.");
        });
    }
}
