using System.CommandLine;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone migrate validate</c>: is the schema what the migrations make, and does every row's key name a row? As an auditor, who changes nothing.</summary>
internal static class MigrateValidate
{
    private const int Faults = 1;
    private const int CannotLook = 2;

    public static Command Create(Option<DirectoryInfo?> data)
    {
        var orphansOnly = new Option<bool>("--orphans") { Description = "Only look for rows whose key names nothing, at whatever version: before the keys are added." };
        var validate = new Command("validate",
            "Compare the catalogue with what the migrations make, and look for rows whose foreign keys name nothing, as DB_AUDIT_USER. Exit code 0: all is right; 1: faults, a line each; 2: cannot look.") { orphansOnly };
        validate.SetAction((parsed, cancellationToken) => RunAsync(parsed.InvocationConfiguration, parsed.GetValue(data), parsed.GetValue(orphansOnly), cancellationToken));
        return validate;
    }

    private static async Task<int> RunAsync(InvocationConfiguration console, DirectoryInfo? data, bool orphansOnly, CancellationToken cancellationToken)
    {
        string? target = null;
        try
        {
            target = AuditTarget.ConnectionString(GivenVariables.OfProcess(), data);
            await using var connection = new NpgsqlConnection(target);
            await connection.OpenAsync(cancellationToken);
            var (terminal, current) = (Terminal.Of(console), await new Migrator(target).CurrentAsync(cancellationToken));
            return await terminal.RunAsync("comparing the catalogue", async progress =>
            {
                var same = orphansOnly || await CompareAsync(connection, current, terminal, cancellationToken);
                return await FindOrphansAsync(connection, terminal, progress, cancellationToken) && same;
            }) ? 0 : Faults;
        }
        catch (CannotRunException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + fault.Message);
        }
        catch (NpgsqlException fault)
        {
            await console.Error.WriteLineAsync("admitone: " + AuditTarget.Explain(fault, target!));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await console.Error.WriteLineAsync("admitone: stopped before everything was looked at");
        }
        return CannotLook;
    }

    internal static async Task<bool> CompareAsync(NpgsqlConnection connection, int version, Terminal terminal, CancellationToken cancellationToken)
    {
        if (version != Migrator.Latest)
        {
            terminal.WriteLine($"the schema is at {version:000} and this program's newest is {Migrator.Latest:000}: not compared (admitone migrate up, or --orphans before it)");
            return false;
        }
        var found = await Catalogue.ReadAsync(connection, cancellationToken);
        var differences = Catalogue.Compare(Catalogue.Expected, found);
        foreach (var difference in differences) terminal.WriteLine(difference);
        var kinds = string.Join(", ", found.CountBy(entry => entry.Kind).Select(kind => $"{kind.Value} of kind {kind.Key}"));
        terminal.WriteLine($"compared the catalogue at {version:000} ({kinds}): {(differences.Count == 0 ? "as the migrations make it" : $"{differences.Count} differences")}");
        return differences.Count == 0;
    }

    private static async Task<bool> FindOrphansAsync(NpgsqlConnection connection, Terminal terminal, CommandProgress progress, CancellationToken cancellationToken)
    {
        var keys = await ForeignKeys.ReadAsync(connection, cancellationToken);
        var faults = 0;
        foreach (var key in progress.Each("looking for orphans of key", keys))
        {
            if (await ForeignKeys.FindOrphansAsync(connection, key, cancellationToken) is not { } orphans) continue;
            faults++;
            terminal.WriteLine($"orphans of {key.Name}: {orphans.Count} rows of {key.Table} whose {string.Join(", ", key.Columns)} names nothing in {key.Parent}: {string.Join(", ", orphans.Ids)}{(orphans.Count > orphans.Ids.Count ? ", …" : "")}");
        }
        terminal.WriteLine($"looked for orphans of {keys.Count} keys, the {ForeignKeys.Counted.Count} of the checklist among them: {(faults == 0 ? "none" : $"{faults} keys have some; mend or remove those rows, none was touched")}");
        return faults == 0;
    }
}
