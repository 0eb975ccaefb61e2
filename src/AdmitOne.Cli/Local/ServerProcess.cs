using System.Diagnostics;

namespace AdmitOne.Cli.Local;

/// <summary>How to start a child: what it is called in messages, and where its output goes.</summary>
/// <param name="Folder">Its working folder, by which it is known again if it outlives us.</param>
/// <param name="User">Who it runs as; null if that is us.</param>
/// <param name="Environment">All that it sees of the environment, besides PATH.</param>
internal sealed record ServerCommand(
    string Name, string Folder, string Log, OrdinaryUser? User, IReadOnlyDictionary<string, string> Environment, IReadOnlyList<string> Words);

/// <summary>
/// A child with a session of its own, so that Ctrl-C in the terminal reaches us and not it: we stop it after those who need it.
/// Its output goes to a file and not through us, so that it does not die of a broken pipe when we are killed.
/// </summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly long _logStart;

    private ServerProcess(ServerCommand command)
    {
        Name = command.Name;
        Log = command.Log;
        _logStart = File.Exists(Log) ? new FileInfo(Log).Length : 0;
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = command.Folder, UseShellExecute = false };
        string[] words = ["-c", """exec "$@" </dev/null >>"$0" 2>&1""", Log, .. OwnSession, .. command.User?.Prefix ?? [], .. command.Words];
        Array.ForEach(words, start.ArgumentList.Add);
        start.Environment.Clear();
        start.Environment["PATH"] = System.Environment.GetEnvironmentVariable("PATH");
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        Id = _process.Id;
        Exited = _process.WaitForExitAsync(CancellationToken.None);
    }

    public string Name { get; }

    public string Log { get; }

    public int Id { get; }

    public bool HasExited => Exited.IsCompleted;

    public int ExitCode => _process.ExitCode;

    /// <summary>Completes when the process has ended, for whatever reason.</summary>
    public Task Exited { get; }

    // A child of Process.Start leads no process group, so setsid becomes the command without a fork: the id stays.
    private static string[] OwnSession { get; } = OperatingSystem.IsLinux() ? ["setsid"] : [];

    public static ServerProcess Start(ServerCommand command) => new(command);

    /// <summary>Runs a command that ends by itself, and stops it if we no longer want its result.</summary>
    /// <exception cref="CannotRunException">It failed; the message has its own last words.</exception>
    public static async Task RunAsync(ServerCommand command, CancellationToken cancellationToken)
    {
        using var process = Start(command);
        try
        {
            await process.Exited.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await process.StopAsync(Posix.Terminate, TimeSpan.FromSeconds(10));
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw process.Failed();
        }
    }

    /// <summary>Asks, waits, and insists at last.</summary>
    public async Task StopAsync(int signal, TimeSpan patience)
    {
        if (HasExited)
        {
            return;
        }

        Posix.Signal(Id, signal);
        if (await Task.WhenAny(Exited, Task.Delay(patience)) != Exited)
        {
            Posix.Signal(Id, Posix.Kill);
            await Exited;
        }
    }

    /// <summary>Says in one sentence that it has ended by itself and why: the signal that ended it, or its own last complaint.</summary>
    public CannotRunException Failed()
    {
        // A shell's convention, which .NET follows: 128 and the number of the signal. What such a process wrote last has nothing to do with its end.
        if (ExitCode > 128) return new CannotRunException($"{Name} was ended by signal {ExitCode - 128}{(ExitCode - 128 == Posix.Kill ? " (SIGKILL)" : "")} (its log is {Log})");
        var complaint = LastComplaint();
        return new CannotRunException(complaint is null
            ? $"{Name} ended with exit code {ExitCode} and no explanation; its log is {Log}"
            : $"{Name} ended: {complaint} (its log is {Log})");
    }

    /// <returns>null if it has not said anything since it was started.</returns>
    public string? LastComplaint()
    {
        try
        {
            using var stream = new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            stream.Seek(Math.Max(_logStart, stream.Length - 64 * 1024), SeekOrigin.Begin);
            var lines = new StreamReader(stream).ReadToEnd().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return lines.LastOrDefault(IsComplaint) ?? lines.LastOrDefault();
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => _process.Dispose();

    private static bool IsComplaint(string line) =>
        line.Contains("FATAL:", StringComparison.Ordinal) || line.Contains("PANIC:", StringComparison.Ordinal)
        || line.Contains("error:", StringComparison.OrdinalIgnoreCase) || line.Contains(" # ", StringComparison.Ordinal);
}
