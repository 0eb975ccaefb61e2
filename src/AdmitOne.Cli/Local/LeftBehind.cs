using System.Diagnostics;

namespace AdmitOne.Cli.Local;

/// <summary>
/// Children of an AdmitOne that was killed before it could stop them. They are known by their program and by their working folder,
/// which nobody else's servers have; a pid file alone may name a stranger by now.
/// </summary>
internal static class LeftBehind
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Stops every process of these programs that works in the folder.</summary>
    /// <param name="signal">What asks these programs to end cleanly.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="CannotRunException">They cannot be made to end.</exception>
    public static async Task<int> StopAsync(string folder, IReadOnlyList<string> programs, int signal, CancellationToken cancellationToken)
    {
        var found = Find(folder, programs);
        if (found.Count == 0)
        {
            return 0;
        }

        // Only the first of each family: PostgreSQL's postmaster stops its own, and a backend would take the signal for a cancelled query.
        SignalAll(found.Where(process => found.All(other => other.Id != process.ParentId)), signal);
        if (!await AreGoneAsync(folder, programs, s_patience, cancellationToken))
        {
            SignalAll(Find(folder, programs), Posix.Kill);
            if (!await AreGoneAsync(folder, programs, s_patience, cancellationToken))
            {
                throw new CannotRunException($"processes left behind in {folder} do not end: {string.Join(", ", Find(folder, programs).Select(process => process.Id))}");
            }
        }

        return found.Count;
    }

    private static void SignalAll(IEnumerable<Found> processes, int signal)
    {
        foreach (var process in processes)
        {
            Posix.Signal(process.Id, signal);
        }
    }

    private static async Task<bool> AreGoneAsync(string folder, IReadOnlyList<string> programs, TimeSpan patience, CancellationToken cancellationToken)
    {
        var since = Stopwatch.StartNew();
        while (Find(folder, programs).Count > 0)
        {
            if (since.Elapsed > patience)
            {
                return false;
            }

            await Task.Delay(20, cancellationToken);
        }

        return true;
    }

    private static List<Found> Find(string folder, IReadOnlyList<string> programs) =>
        OperatingSystem.IsLinux() ? [.. FromProc(folder, programs)] : [.. FromLsof(folder, programs)];

    private static IEnumerable<Found> FromProc(string folder, IReadOnlyList<string> programs)
    {
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), out var id) && LinkTarget(entry, "cwd") == folder
                && LinkTarget(entry, "exe") is { } program && programs.Contains(Path.GetFileName(program.Replace(" (deleted)", "", StringComparison.Ordinal))))
            {
                yield return new Found(id, ParentOf(entry));
            }
        }
    }

    private static string? LinkTarget(string process, string link)
    {
        try
        {
            return File.ResolveLinkTarget(Path.Combine(process, link), returnFinalTarget: false)?.FullName;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It has ended since, or belongs to somebody else: either way it is none of ours.
            return null;
        }
    }

    private static int ParentOf(string process)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(process, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 4)..].Split(' ')[0]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    // macOS has no /proc; there the working folders are lsof's to tell: lines "p<id>", "R<parent>", "n<folder>".
    private static IEnumerable<Found> FromLsof(string folder, IReadOnlyList<string> programs)
    {
        var start = new ProcessStartInfo("lsof", ["-a", "-d", "cwd", "-F", "pRn", .. programs.SelectMany(program => new[] { "-c", program })]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var lsof = Process.Start(start)!;
        int id = 0, parent = 0;
        foreach (var line in lsof.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (line[0])
            {
                case 'p': id = int.Parse(line[1..]); break;
                case 'R': parent = int.Parse(line[1..]); break;
                case 'n' when line[1..] == folder: yield return new Found(id, parent); break;
            }
        }
    }

    private sealed record Found(int Id, int ParentId);
}
