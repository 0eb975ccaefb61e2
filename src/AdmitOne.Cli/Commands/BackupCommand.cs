using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Backups;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone backup</c>: everything that our schemas hold at one moment, in a folder of its own, by a role that may only read.</summary>
internal static class BackupCommand
{
    private const int Failed = 1;

    public static Command Create()
    {
        var data = DataOption.Create("the PostgreSQL of DB_HOST, DB_PORT, DB_NAME, DB_AUDIT_USER and DB_AUDIT_PASSWORD");
        var to = new Option<DirectoryInfo>("--to") { Description = "Where backups are kept, each in a folder named by its time.", HelpName = "FOLDER", Required = true };
        var prune = new Option<bool>("--prune") { Description = "Then remove what is older than the newest of 7 days, 4 weeks and 6 months (or as --keep says)." };
        var keep = new Option<string>("--keep") { Description = "How many days, weeks and months keep one: DAILY,WEEKLY,MONTHLY.", HelpName = "D,W,M", DefaultValueFactory = _ => "7,4,6" };
        var metrics = new Option<FileInfo?>("--metrics") { Description = "A file for a textfile collector, written when the backup is whole: admitone_backup_last_success_timestamp_seconds and others.", HelpName = "FILE" };
        var command = new Command("backup", "Back the database up, with a checksum and the number of rows of each table. Exit code 0: it is whole; 1: there is none.") { data, to, prune, keep, metrics };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.InvocationConfiguration, parsed.GetValue(data),
            new Wish(parsed.GetValue(to)!.FullName, parsed.GetValue(prune), parsed.GetValue(keep)!, parsed.GetValue(metrics)?.FullName), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(InvocationConfiguration console, DirectoryInfo? data, Wish wish, CancellationToken cancellationToken)
    {
        string? target = null;
        try
        {
            var retention = ReadRetention(wish.Keep);
            target = AuditTarget.ConnectionString(GivenVariables.OfProcess(), data);
            var (clock, terminal) = (Stopwatch.StartNew(), Terminal.Of(console));
            var (set, manifest) = await terminal.RunAsync("backing up", progress => MakeAsync(target, wish.Store, progress, cancellationToken));
            terminal.WriteLine($"backed up {manifest.Rows.Values.Sum()} rows of {manifest.Rows.Count} tables at {manifest.TakenAt:u} to {set.Folder} ({manifest.Bytes} bytes, {clock.Elapsed.TotalSeconds:F1} s)");
            if (wish.Prune) Prune(wish.Store, retention, terminal);
            if (wish.Metrics is { } file) WriteMetrics(file, manifest, clock.Elapsed);
            return 0;
        }
        catch (CannotRunException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + fault.Message);
        }
        catch (NpgsqlException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + AuditTarget.Explain(fault, target!));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            await console.Error.WriteLineAsync($"admitone: {wish.Store} cannot be written: {fault.Message}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await console.Error.WriteLineAsync("admitone: stopped before the backup was whole");
        }
        return Failed;
    }

    private static async Task<(BackupSet Set, BackupManifest Manifest)> MakeAsync(string target, string store, CommandProgress progress, CancellationToken cancellationToken)
    {
        var unfinished = BackupSet.Begin(store);
        try
        {
            await using var connection = new NpgsqlConnection(target);
            await connection.OpenAsync(cancellationToken);
            await DatabaseContents.RefuseHiddenAsync(connection, cancellationToken);
            // The dump and the counts see one and the same moment.
            await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
            var (name, takenAt) = await ExportAsync(connection, cancellationToken);
            var at = new NpgsqlConnectionStringBuilder(target);
            // Where a numbered column has got to, the auditor may not read; restoring goes on above its rows.
            var counters = await DatabaseContents.SequencesAsync(connection, cancellationToken);
            var dump = PostgresProgram.RunAsync("pg_dump", at,
            [
                "--format=custom", "--no-password", "--enable-row-security", $"--snapshot={name}", .. DatabaseContents.Schemas.Select(schema => $"--schema={schema}"),
                .. counters.Select(sequence => $"--exclude-table-data={sequence}"), $"--file={unfinished.DumpFile}",
            ], cancellationToken);
            var rows = await DatabaseContents.CountAsync(connection, cancellationToken);
            var version = (int)(await new NpgsqlCommand("select count(*)::int from platform.schema_migrations", connection).ExecuteScalarAsync(cancellationToken))!;
            progress.Now($"backing up {rows.Values.Sum()} rows");
            await dump;
            await snapshot.RollbackAsync(cancellationToken);
            await File.WriteAllTextAsync(unfinished.RolesFile, DatabaseRoles.Script(at.Database!), cancellationToken);
            progress.Now("computing the checksum");
            var (bytes, digest) = await unfinished.DigestAsync(cancellationToken);
            var manifest = new BackupManifest(takenAt, at.Database!, connection.PostgreSqlVersion.ToString(), version, bytes, digest, rows);
            return (unfinished.Finish(manifest), manifest);
        }
        catch
        {
            unfinished.Remove();
            throw;
        }
    }

    private static async Task<(string Snapshot, DateTimeOffset TakenAt)> ExportAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select pg_export_snapshot(), clock_timestamp()", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1));
    }

    private static void Prune(string store, Retention retention, Terminal terminal)
    {
        var all = BackupSet.In(store).ToList();
        var keep = retention.Keep(all.Select(backup => backup.TakenAt));
        foreach (var (set, takenAt) in all.Where(backup => !keep.Contains(backup.TakenAt)))
        {
            set.Remove();
            terminal.WriteLine($"removed the backup of {takenAt:u}");
        }
        terminal.WriteLine($"{keep.Count} backups are kept");
    }

    private static void WriteMetrics(string file, BackupManifest manifest, TimeSpan took)
    {
        var beside = file + ".new";
        File.WriteAllText(beside, string.Create(CultureInfo.InvariantCulture, $"""
            # HELP admitone_backup_last_success_timestamp_seconds The moment that the newest whole backup shows.
            # TYPE admitone_backup_last_success_timestamp_seconds gauge
            admitone_backup_last_success_timestamp_seconds {manifest.TakenAt.ToUnixTimeSeconds()}
            # HELP admitone_backup_last_size_bytes The size of its dump.
            # TYPE admitone_backup_last_size_bytes gauge
            admitone_backup_last_size_bytes {manifest.Bytes}
            # HELP admitone_backup_last_duration_seconds How long it took.
            # TYPE admitone_backup_last_duration_seconds gauge
            admitone_backup_last_duration_seconds {took.TotalSeconds:F3}

            """));
        File.Move(beside, file, overwrite: true);
    }

    private static Retention ReadRetention(string text)
    {
        var numbers = text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        return numbers is [>= 0 and var daily, >= 0 and var weekly, >= 0 and var monthly]
            ? new Retention(daily, weekly, monthly)
            : throw new CannotRunException($"--keep wants DAILY,WEEKLY,MONTHLY such as 7,4,6, not {text}");
    }

    private sealed record Wish(string Store, bool Prune, string Keep, string? Metrics);
}
