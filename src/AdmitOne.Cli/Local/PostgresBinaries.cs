using System.Diagnostics;
using System.Globalization;

namespace AdmitOne.Cli.Local;

/// <summary>The folder with `initdb` and `postgres`, which Debian keeps out of PATH, one for each major version.</summary>
internal sealed record PostgresBinaries(string Folder, int Version)
{
    public const int Oldest = 15;

    public string Initdb => Path.Combine(Folder, "initdb");

    public string Postgres => Path.Combine(Folder, "postgres");

    /// <param name="cluster">The version that made the cluster, as only that one can open it; null takes the newest.</param>
    /// <exception cref="CannotRunException">There is none.</exception>
    public static PostgresBinaries Find(int? cluster)
    {
        var found = Installed().OrderByDescending(binaries => binaries.Version).ToList();
        return found.FirstOrDefault(binaries => cluster is null ? binaries.Version >= Oldest : binaries.Version == cluster)
            ?? throw new CannotRunException(cluster is null
                ? $"no PostgreSQL server of version {Oldest} or newer is installed: apt-get install postgresql, dnf install postgresql-server, or brew install postgresql@17"
                : $"the data folder was made by PostgreSQL {cluster}, which is not installed: apt-get install postgresql-{cluster}, or the like");
    }

    private static IEnumerable<PostgresBinaries> Installed()
    {
        string[] versioned = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];
        foreach (var folder in versioned.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories))
        {
            var name = Path.GetFileName(folder).Replace("postgresql@", "", StringComparison.Ordinal);
            if (int.TryParse(name, CultureInfo.InvariantCulture, out var version) && File.Exists(Path.Combine(folder, "bin", "initdb")))
            {
                yield return new PostgresBinaries(Path.Combine(folder, "bin"), version);
            }
        }

        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            if (File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")) && VersionOf(folder) is { } version)
            {
                yield return new PostgresBinaries(folder, version);
            }
        }
    }

    // "postgres (PostgreSQL) 17.2 (Debian 17.2-1)"
    private static int? VersionOf(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "postgres"), ["--version"]) { RedirectStandardOutput = true })!;
        var word = process.StandardOutput.ReadToEnd().Split(' ').ElementAtOrDefault(2) ?? "";
        return int.TryParse(word.Split('.')[0], CultureInfo.InvariantCulture, out var version) ? version : null;
    }
}
