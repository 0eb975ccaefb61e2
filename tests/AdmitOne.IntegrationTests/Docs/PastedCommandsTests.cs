using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Local;

namespace AdmitOne.IntegrationTests.Docs;

/// <summary>What a page tells its reader to paste works, against what `./run` starts.</summary>
public sealed class PastedCommandsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Every_block_marked_run_runs_to_its_end()
    {
        var blocks = RunnableBlock.All().ToList();
        if (blocks.Count == 0) Assert.Skip("No page has a block marked ```bash run.");
        using var folder = new TemporaryFolder();
        var ports = RunningUp.FreePorts();
        await using var up = await RunningUp.StartReadyAsync(folder.Path, ports);
        var stores = Stores(RunFile.Read(folder.Path));
        foreach (var block in blocks)
        {
            var (code, said) = await PasteAsync(block.Text, folder.Path, ports, stores);
            // curl is content with a refusal; a reader is not.
            Assert.True(code == 0 && !said.Contains("urn:admitone:problem:", StringComparison.Ordinal), $"{block.Page}:{block.Line} ended with {code}:\n{said}");
        }
    }

    [Fact]
    public async Task A_block_that_fails_half_way_is_seen()
    {
        var block = Assert.Single(RunnableBlock.Of("page.md", ["text", "  ```bash run", "  false | cat", "  echo unreachable", "  ```", "```bash", "not marked", "```"]));
        Assert.Equal((2, "false | cat\necho unreachable\n"), (block.Line, block.Text));
        var (code, said) = await PasteAsync(block.Text, "/nonexistent", RunningUp.FreePorts());
        Assert.Equal(1, code);
        Assert.DoesNotContain("unreachable", said, StringComparison.Ordinal);
    }

    // Whom psql, pg_isready and redis-cli ask, as docs/runbooks/README.md names it.
    private static Dictionary<string, string> Stores(RunFile run) => new()
    {
        ["PGHOST"] = run.Postgres.Host,
        ["PGPORT"] = run.Postgres.Port.ToString(CultureInfo.InvariantCulture),
        ["PGUSER"] = run.Postgres.User,
        ["PGDATABASE"] = run.Postgres.Database,
        ["PGPASSWORD"] = run.Postgres.Password,
        ["REDIS_HOST"] = run.Redis.Host,
        ["REDIS_PORT"] = run.Redis.Port.ToString(CultureInfo.InvariantCulture),
        ["REDISCLI_AUTH"] = run.Redis.Password ?? "",
    };

    private static async Task<(int Code, string Said)> PasteAsync(string text, string data, IReadOnlyList<int> ports, IReadOnlyDictionary<string, string>? more = null)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", text])
        {
            WorkingDirectory = RunnableBlock.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ADMITONE_DATA"] = data },
        };
        // What pages call admitone is the one built beside the tests.
        start.Environment["PATH"] = AppContext.BaseDirectory + ":" + start.Environment["PATH"];
        foreach (var (name, value) in more ?? new Dictionary<string, string>()) start.Environment[name] = value;
        foreach (var (name, port) in RunningUp.PortNames.Zip(ports)) start.Environment[name] = port.ToString(CultureInfo.InvariantCulture);
        using var bash = Process.Start(start)!;
        bash.StandardInput.Close();
        var (output, errors) = (bash.StandardOutput.ReadToEndAsync(), bash.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await bash.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            bash.Kill(entireProcessTree: true);
            await bash.WaitForExitAsync(CancellationToken.None);
        }
        return (bash.ExitCode, await output + await errors);
    }
}
