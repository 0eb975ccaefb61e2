using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>One run of `admitone` as a process, to its end.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <param name="variables">All that it is told; nothing of the test's own environment but what a program needs to start.</param>
    public static async Task<CommandRun> StartAsync(IEnumerable<(string Name, string? Value)> variables, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "admitone"), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        var inherited = new[] { "PATH", "HOME", "TMPDIR" }.Select(name => (name, Environment.GetEnvironmentVariable(name))).ToArray();
        start.Environment.Clear();
        // A test host that was itself started by a path of its own would hand the wrong runtime on.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        TellToCompileOnce(start);
        foreach (var (name, value) in inherited.Concat(variables)) if (value is not null) start.Environment[name] = value;

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(s_patience);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        return new CommandRun(process.ExitCode, await output, await errors);
    }

    /// <summary>A program that lives for seconds compiles for most of them: nothing twice that is not called for ever, and without the guard against code that rewrites itself.</summary>
    internal static void TellToCompileOnce(ProcessStartInfo start)
    {
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCountThreshold"] = "4000";   // hexadecimal
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
    }
}
