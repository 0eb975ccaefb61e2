using System.CommandLine;
using System.Globalization;
using AdmitOne.Cli.Terminals;
using AdmitOne.Schema;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone migrate up|down|status|validate|script|roles</c>: run before the services, never by them.</summary>
public static class MigrateCommand
{
    private const int Interrupted = 130;

    public static Command Create()
    {
        var data = new Option<DirectoryInfo?>("--data")
        {
            Description = "The data folder of ./run, whose private PostgreSQL is meant; else DB_HOST, DB_PORT, DB_NAME, DB_SSL_MODE, DB_MIGRATE_USER and DB_MIGRATE_PASSWORD, or the folder of ADMITONE_DATA (.data) if AdmitOne runs on it.",
            HelpName = "FOLDER",
            Recursive = true,
        };
        var command = new Command("migrate", "Bring the database's schema to a version, or back.") { data };
        command.Add(Up(data));
        command.Add(Down(data));
        command.Add(Status(data));
        command.Add(MigrateValidate.Create(data));
        command.Add(Script());
        command.Add(Roles());
        return command;
    }

    private static Command Up(Option<DirectoryInfo?> data)
    {
        var to = Version("--to", "Stop at this version, for instance 002; without it, the newest.");
        var up = new Command("up", "Apply what is missing. Safe to run again, and by several at once.") { to };
        up.SetAction((parsed, cancellationToken) => TalkAsync(parsed, data, "applying migrations", async (migrator, terminal) =>
        {
            await migrator.UpAsync(Number(parsed.GetValue(to)), cancellationToken);
            await SayVersionAsync(migrator, terminal, cancellationToken);
        }));
        return up;
    }

    private static Command Down(Option<DirectoryInfo?> data)
    {
        var to = Version("--to", "The version to keep, for instance 002; 0 removes everything, the data too.");
        to.Required = true;
        var down = new Command("down", "Revert what is above a version, newest first. Columns and tables that go take their data along.") { to };
        down.SetAction((parsed, cancellationToken) => TalkAsync(parsed, data, "reverting migrations", async (migrator, terminal) =>
        {
            await migrator.DownAsync(Number(parsed.GetValue(to))!.Value, cancellationToken);
            await SayVersionAsync(migrator, terminal, cancellationToken);
        }));
        return down;
    }

    private static Command Status(Option<DirectoryInfo?> data)
    {
        var status = new Command("status", "List the migrations and when each was applied.");
        status.SetAction((parsed, cancellationToken) => TalkAsync(parsed, data, "reading the history", async (migrator, terminal) =>
        {
            var states = TextGrid.Of(0, TextGrid.Auto, TextGrid.Auto);
            foreach (var state in await migrator.StatusAsync(cancellationToken)) states.Row($"{state.Number:000}", state.Name, Describe(state));
            terminal.Write(states);
        }));
        return status;
    }

    private static Command Script()
    {
        var script = new Command("script", "Print the whole way up as SQL for psql; it skips what is applied.");
        script.SetAction(parsed => parsed.InvocationConfiguration.Output.Write(new Migrator("Host=unused").Script()));
        return script;
    }

    private static Command Roles()
    {
        var roles = new Command("roles", "Print, as SQL for a DBA, the roles and the database (DB_NAME) that must exist before the first `up`.");
        roles.SetAction(parsed => parsed.InvocationConfiguration.Output.Write(
            DatabaseRoles.Script(Environment.GetEnvironmentVariable("DB_NAME") is { Length: > 0 } name ? name : "admitone")));
        return roles;
    }

    private static Option<string?> Version(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                result.AddError($"{name} takes a number such as 002, not `{token.Value}`.");
        });
        return option;
    }

    private static int? Number(string? text) => text is null ? null : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Describe(MigrationState state) => state switch
    {
        { IsKnown: false } => $"applied {state.AppliedAt:u} by a newer version of AdmitOne",
        { AppliedAt: { } at } => $"applied {at:u}",
        _ => "pending",
    };

    private static async Task SayVersionAsync(Migrator migrator, Terminal terminal, CancellationToken cancellationToken) =>
        terminal.WriteLine($"the schema is at {await migrator.CurrentAsync(cancellationToken):000}");

    /// <summary>Runs one action with a migrator; what goes wrong is one line on the error output and an exit code.</summary>
    private static async Task<int> TalkAsync(ParseResult parsed, Option<DirectoryInfo?> data, string doing, Func<Migrator, Terminal, Task> act)
    {
        var terminal = Terminal.Of(parsed.InvocationConfiguration);
        MigrateTarget? target = null;
        try
        {
            target = MigrateTarget.From(parsed.GetValue(data));
            await terminal.RunAsync(doing, _ => act(new Migrator(target.ConnectionString, MigrationSet.Product, terminal.WriteLine), terminal));
            return 0;
        }
        catch (OperationCanceledException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync("stopped; what was committed stays, and the next `admitone migrate` goes on from there");
            return Interrupted;
        }
        catch (Exception exception) when (MigrateTarget.Explain(exception, target) is { } line)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(line);
            return 1;
        }
    }
}
