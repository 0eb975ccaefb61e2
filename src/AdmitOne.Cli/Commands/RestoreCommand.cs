using System.CommandLine;
using System.Diagnostics;
using AdmitOne.Cli.Backups;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone restore</c>: a backup into a fresh database, which is then counted, compared and verified.</summary>
internal static class RestoreCommand
{
    private const int Different = 1;
    private const int CannotRestore = 2;

    // What each login's password is called where it is given to the services and to `up`.
    private static readonly (string Login, string Variable)[] s_passwords =
    [
        (DatabaseRoles.Migrate, "DB_MIGRATE_PASSWORD"), (DatabaseRoles.Audit, "DB_AUDIT_PASSWORD"), (DatabaseRoles.Events, "EVENTS_DB_PASSWORD"), (DatabaseRoles.Tickets, "TICKETS_DB_PASSWORD"),
        (DatabaseRoles.Identity, "IDENTITY_DB_PASSWORD"),
    ];

    public static Command Create()
    {
        var backup = new Argument<DirectoryInfo>("backup") { Description = "The folder of one backup." };
        var data = DataOption.Create("the PostgreSQL of DB_HOST and DB_PORT, as the superuser DB_ADMIN_USER with DB_ADMIN_PASSWORD");
        var database = new Option<string>("--database") { Description = "The database to make. It must not exist, or be empty.", HelpName = "NAME", Required = true };
        var command = new Command("restore",
            "Restore a backup into a fresh database with its roles, compare the number of rows of each table, and verify it. Exit code 0: it is as it was; 1: something differs; 2: it was not restored.") { backup, data, database };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.InvocationConfiguration, new BackupSet(parsed.GetValue(backup)!.FullName), parsed.GetValue(data), parsed.GetValue(database)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(InvocationConfiguration console, BackupSet set, DirectoryInfo? data, string database, CancellationToken cancellationToken)
    {
        string? target = null;
        try
        {
            var terminal = Terminal.Of(console);
            return await terminal.RunAsync("checking the backup", async progress =>
            {
                var manifest = await set.CheckAsync(cancellationToken);
                var given = GivenVariables.OfProcess();
                target = AdminConnectionString(given, data);
                var (clock, rows) = (Stopwatch.StartNew(), manifest.Rows.Values.Sum());
                progress.Now($"restoring {rows} rows into {database}");
                await RestoreAsync(set, manifest, target, database, Passwords(given), cancellationToken);
                terminal.WriteLine($"restored {rows} rows of {manifest.TakenAt:u} into {database} ({clock.Elapsed.TotalSeconds:F1} s)");
                return await IsAsItWasAsync(manifest, new NpgsqlConnectionStringBuilder(target) { Database = database }.ConnectionString, terminal, progress, cancellationToken);
            }) ? 0 : Different;
        }
        catch (Exception fault) when (fault is CannotRunException or MigrationException)
        {
            await console.Error.WriteLineAsync("admitone: " + fault.Message);
        }
        catch (NpgsqlException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + AuditTarget.Explain(fault, target!));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await console.Error.WriteLineAsync($"admitone: stopped; drop the database {database} before the next attempt");
        }
        return CannotRestore;
    }

    private static async Task RestoreAsync(
        BackupSet set, BackupManifest manifest, string admin, string database, IReadOnlyDictionary<string, string> passwords, CancellationToken cancellationToken)
    {
        if (manifest.SchemaVersion > Migrator.Latest)
            throw new CannotRunException($"the backup is of schema {manifest.SchemaVersion:000}, and this program's newest is {Migrator.Latest:000}: use the version of AdmitOne that made it");
        await DatabaseRoles.EnsureAsync(admin, database, passwords, cancellationToken);
        var into = new NpgsqlConnectionStringBuilder(admin) { Database = database, Pooling = false };
        await using (var connection = new NpgsqlConnection(into.ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await using var look = new NpgsqlCommand(
                "select (select rolsuper from pg_roles where rolname = current_user), exists (select from pg_namespace where nspname = any ($1))", connection)
            { Parameters = { new() { Value = DatabaseContents.Schemas } } };
            await using var reader = await look.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(0)) throw new CannotRunException($"{into.Username} is no superuser, and only one can give the functions back to admitone_worker; on a managed server restore its own snapshot instead");
            if (reader.GetBoolean(1)) throw new CannotRunException($"the database {database} is not fresh: it has AdmitOne's schemas; name another one");
        }
        // A dump of schemas leaves out the extensions that their indexes need.
        await using (var connection = new NpgsqlConnection(into.ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await using var extension = new NpgsqlCommand("create extension if not exists pg_trgm with schema public", connection);
            await extension.ExecuteNonQueryAsync(cancellationToken);
        }
        // Row-level security comes back after the rows, and the rows are a superuser's to write.
        await PostgresProgram.RunAsync("pg_restore", into, ["--exit-on-error", "--no-password", "--jobs=2", $"--dbname={database}", set.DumpFile], cancellationToken);
        await using var restored = new NpgsqlConnection(into.ConnectionString);
        await restored.OpenAsync(cancellationToken);
        await DatabaseContents.AdvanceSequencesAsync(restored, cancellationToken);
    }

    private static async Task<bool> IsAsItWasAsync(BackupManifest manifest, string restored, Terminal terminal, CommandProgress progress, CancellationToken cancellationToken)
    {
        progress.Now($"counting the rows of {manifest.Rows.Count} tables");
        await using var source = NpgsqlDataSource.Create(restored);
        bool same;
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            var found = await DatabaseContents.CountAsync(connection, cancellationToken);
            var differences = manifest.Rows.Keys.Union(found.Keys).Where(table => manifest.Rows.GetValueOrDefault(table, -1) != found.GetValueOrDefault(table, -1)).ToList();
            foreach (var table in differences) terminal.WriteLine($"{table} has {found.GetValueOrDefault(table, -1)} rows, the backup had {manifest.Rows.GetValueOrDefault(table, -1)}");
            same = differences.Count == 0;
            if (same) terminal.WriteLine($"every one of {found.Count} tables has as many rows as it had");
            if (manifest.SchemaVersion == Migrator.Latest) same &= await MigrateValidate.CompareAsync(connection, manifest.SchemaVersion, terminal, cancellationToken);
        }
        return await VerifyCommand.CheckAllAsync(source, terminal, progress, cancellationToken) && same;
    }

    private static Dictionary<string, string> Passwords(GivenVariables given) =>
        s_passwords.Where(pair => given[pair.Variable] is not null).ToDictionary(pair => pair.Login, pair => given[pair.Variable]!);

    private static string AdminConnectionString(GivenVariables given, DirectoryInfo? data)
    {
        if (DataOption.Folder(given, data, preferVariables: given["DB_HOST"] is not null) is { } folder) return RunFile.Read(folder).Postgres.ConnectionString("postgres");
        var builder = new NpgsqlConnectionStringBuilder
        {
            ApplicationName = "admitone-restore", Database = "postgres", Username = given["DB_ADMIN_USER"] ?? "postgres", Password = given["DB_ADMIN_PASSWORD"],
        };
        AuditTarget.Server(given, builder);
        return builder.ConnectionString;
    }
}
