using System.Diagnostics;
using AdmitOne.IntegrationTests.Docs;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>Programs of PostgreSQL and Redis, as an operator starts them.</summary>
internal static class ServerTools
{
    private const string Debian = "/usr/lib/postgresql";

    /// <summary>The newest PostgreSQL's program of this name.</summary>
    public static string Postgres(string program) => Directory.Exists(Debian)
        ? Directory.EnumerateDirectories(Debian).OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
            .Select(folder => Path.Combine(folder, "bin", program)).First(File.Exists)
        : program;

    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a command to its end.</summary>
    public static async Task RunAsync(string program, IReadOnlyList<string> arguments, params (string Name, string Value)[] variables)
    {
        using var process = Start(program, arguments, variables);
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await said}");
    }

    /// <summary>Does a step of a page as it stands there, with PostgreSQL's programs within reach.</summary>
    public static Task RunAsync(RunnableBlock step, params (string Name, string Value)[] variables) =>
        RunAsync("bash", ["-euo", "pipefail", "-c", step.Text], [("PATH", $"{Path.GetDirectoryName(Postgres("pg_basebackup"))}:{Environment.GetEnvironmentVariable("PATH")}"), .. variables]);

    /// <summary>Starts a step of a page that goes on until it is killed.</summary>
    public static Process Start(RunnableBlock step, params (string Name, string Value)[] variables) =>
        Start("bash", ["-euo", "pipefail", "-c", step.Text], [("PATH", $"{Path.GetDirectoryName(Postgres("pg_basebackup"))}:{Environment.GetEnvironmentVariable("PATH")}"), .. variables]);

    /// <summary>Starts what goes on until it is killed.</summary>
    public static Process Start(string program, IReadOnlyList<string> arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        return process;
    }

    /// <summary>Gives a folder, with all in it, to whoever owns the one above it, and closes it to others, as PostgreSQL wants it.</summary>
    public static async Task GiveLikeParentAsync(string folder)
    {
        await RunAsync("chown", ["-R", $"--reference={Path.GetDirectoryName(folder)}", folder]);
        await RunAsync("chmod", ["-R", "u=rwX,go=", folder]);
    }

    /// <summary>The words before a command that make it run as the owner of a folder; none if that is us.</summary>
    public static async Task<string[]> AsOwnerOfAsync(string folder)
    {
        if (!Environment.IsPrivilegedProcess) return [];
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%u %g", folder]) { RedirectStandardOutput = true })!;
        var ids = (await stat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim().Split(' ');
        return ["setpriv", $"--reuid={ids[0]}", $"--regid={ids[1]}", "--clear-groups", "--"];
    }

    public static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        process.Dispose();
    }
}
