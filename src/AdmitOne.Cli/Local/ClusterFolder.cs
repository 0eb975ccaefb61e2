using System.Globalization;

namespace AdmitOne.Cli.Local;

/// <summary>The files of a PostgreSQL cluster, seen from outside.</summary>
internal sealed class ClusterFolder(DataFolder data, string path)
{
    // The lines of postmaster.pid, as PostgreSQL's miscadmin.h numbers them.
    private const int IdLine = 0;
    private const int StatusLine = 7;

    public string Path { get; } = path;

    /// <summary>The major version that made it; null if it has not been made.</summary>
    public int? Version
    {
        get
        {
            var file = System.IO.Path.Combine(Path, "PG_VERSION");
            return File.Exists(file) ? int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) : null;
        }
    }

    public int? RememberedPort
    {
        get => File.Exists(PortFile) && int.TryParse(File.ReadAllText(PortFile), CultureInfo.InvariantCulture, out var port) ? port : null;
        set
        {
            if (value != RememberedPort)
            {
                DataFolder.WriteSecret(PortFile, $"{value}\n");
            }
        }
    }

    private string PortFile => Path + ".port";

    /// <summary>Makes the cluster beside its place and moves it there when it is whole, so that a killed attempt leaves no half of one.</summary>
    public async Task CreateAsync(PostgresBinaries binaries, string superuser, string password, CancellationToken cancellationToken)
    {
        var unfinished = Path + ".new";
        var passwordFile = Path + ".password";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        try
        {
            DataFolder.WriteSecret(passwordFile, password + "\n");
            data.GiveToServers(passwordFile);
            // --no-sync: what must survive a power cut is flushed by FlushAsync, while the server already starts.
            await ServerProcess.RunAsync(Command("initdb",
            [
                binaries.Initdb, "-D", unfinished, "-U", superuser, "--pwfile=" + passwordFile, "--auth=scram-sha-256",
                "--encoding=UTF8", .. Locale, "--no-sync", "--no-instructions",
            ]), cancellationToken);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(unfinished, Path);
    }

    public Task FlushAsync(PostgresBinaries binaries, CancellationToken cancellationToken) =>
        ServerProcess.RunAsync(Command("initdb", [binaries.Initdb, "--sync-only", "-D", Path]), cancellationToken);

    /// <summary>
    /// Takes away the pid file of a postmaster that is gone. Only to be called once no PostgreSQL works in the folder any more: by itself the
    /// server would refuse to start as long as the number in it names any process at all, be it a stranger or one that nobody has reaped.
    /// </summary>
    public void ForgetDeadPostmaster()
    {
        if (Version is not null) File.Delete(System.IO.Path.Combine(Path, "postmaster.pid"));
    }

    /// <summary>Whether the server with this id takes connections. Its pid file says so; asking over TCP would need a password and a log line.</summary>
    public bool IsReady(int processId)
    {
        try
        {
            var lines = File.ReadAllLines(System.IO.Path.Combine(Path, "postmaster.pid"));
            return lines.Length > StatusLine && lines[IdLine] == processId.ToString(CultureInfo.InvariantCulture) && lines[StatusLine].Trim() == "ready";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public ServerCommand Command(string name, IReadOnlyList<string> words) =>
        new(name, Directory.Exists(Path) ? Path : System.IO.Path.GetDirectoryName(Path)!, data.Log("postgres"), data.User, new Dictionary<string, string>(), words);

    // macOS has no C.UTF-8. Either way text compares by its bytes, the same on every machine, and knows the letters of every language.
    private static string[] Locale => OperatingSystem.IsLinux() ? ["--locale=C.UTF-8"] : ["--locale=C", "--lc-ctype=UTF-8"];
}
