using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Local;
using Npgsql;

namespace AdmitOne.Cli.Backups;

/// <summary>A program that comes with PostgreSQL, such as pg_dump, told where the database is by its variables: a password is in no list of processes.</summary>
internal static class PostgresProgram
{
    private const string Debian = "/usr/lib/postgresql";

    /// <exception cref="CannotRunException">It is not installed, or failed; the message has its own last words.</exception>
    public static async Task RunAsync(string program, NpgsqlConnectionStringBuilder at, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Find(program), arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PGHOST"] = at.Host;
        start.Environment["PGPORT"] = at.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGDATABASE"] = at.Database;
        start.Environment["PGUSER"] = at.Username;
        start.Environment["PGPASSWORD"] = at.Password;
        start.Environment["PGAPPNAME"] = "admitone-" + program;
        start.Environment["PGSSLMODE"] = at.SslMode switch
        {
            SslMode.VerifyFull => "verify-full",
            SslMode.VerifyCA => "verify-ca",
            SslMode.Require => "require",
            SslMode.Disable => "disable",
            _ => "prefer",
        };
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var silent = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
        await silent;
        if (process.ExitCode != 0)
            throw new CannotRunException($"{program} failed: {string.Join(' ', (await said).Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(4))}");
    }

    // Debian's own folders first: they have the newest version, which reads older servers; the other way round does not work.
    private static string Find(string program)
    {
        var versions = Directory.Exists(Debian)
            ? Directory.EnumerateDirectories(Debian).OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
            : Enumerable.Empty<string>();
        var folders = versions.Select(folder => Path.Combine(folder, "bin")).Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
            ?? throw new CannotRunException($"{program} is not installed: apt-get install postgresql-client, dnf install postgresql, or brew install libpq");
    }
}
