using System.CommandLine;
using System.Runtime.InteropServices;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Rehearsal;
using AdmitOne.Cli.Terminals;
using AdmitOne.Identity;

namespace AdmitOne.Cli.Commands;

/// <summary>`admitone up`: everything on one machine, until it is told to stop.</summary>
internal static class Up
{
    // What a shell shows for a program that was interrupted before it had done its work.
    private const int Interrupted = 130;

    public static Command Create()
    {
        var noDemo = new Option<bool>("--no-demo") { Description = "Start without demo data." };
        var separate = new Option<bool>("--separate") { Description = "Run each service as a process of its own, as in production." };
        var replicas = new Option<int>("--replicas") { Description = "How many Ticket Services; ports count up from TICKETS_PORT.", DefaultValueFactory = _ => 1 };
        replicas.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var count) && count is >= 1 and <= 50))
            {
                result.AddError("--replicas must be between 1 and 50.");
            }
        });

        var command = new Command("up", "Run everything on this machine: a private PostgreSQL and Redis, both services, and the neighbours they need.")
        {
            noDemo, separate, replicas,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            () => Options(!parsed.GetValue(noDemo), parsed.GetValue(separate), parsed.GetValue(replicas)), cancellationToken));
        return command;
    }

    private static StackOptions Options(bool demo, bool separate, int replicas)
    {
        var given = GivenVariables.OfProcess();
        return new StackOptions(given["ADMITONE_DATA"] ?? ".data", demo, separate, replicas, given);
    }

    private static async Task<int> RunAsync(Func<StackOptions> options, CancellationToken cancellationToken)
    {
        // A closed terminal stops us as Ctrl-C does; SIGINT and SIGTERM are what the token stands for.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            // Nobody reads any more, and writing to a terminal that has gone fails.
            Console.SetOut(TextWriter.Null);
            Console.SetError(TextWriter.Null);
            stop.Cancel();
        });
        try
        {
            return await RunAsync(options(), stop.Token);
        }
        catch (CannotRunException fault)
        {
            await Console.Error.WriteLineAsync("admitone: " + fault.Message);
            return 1;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("admitone: " + fault.Message);
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Interrupted;
        }
    }

    private static async Task<int> RunAsync(StackOptions options, CancellationToken stop)
    {
        var terminal = Terminal.OfProcess();
        terminal.WriteLine($"AdmitOne, with its data in {Path.GetFullPath(options.DataPath)}");
        await using var stack = await LocalStack.StartAsync(options, new Steps(terminal), stop);
        Tour.Write(terminal, stack.Run, options);
        terminal.WriteLine();
        await EndUnfinishedRehearsalAsync(options, stack.Run, terminal, stop);
        terminal.WriteLine("AdmitOne is ready");

        try
        {
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }

        terminal.WriteLine("stopping ...");
        return 0;
    }

    // A rehearsal that was cut off left its copy on sale, unlisted.
    private static async Task EndUnfinishedRehearsalAsync(StackOptions options, RunFile run, Terminal terminal, CancellationToken stop)
    {
        if (UnfinishedRehearsal.Read(options.DataPath) is null) return;
        try
        {
            var secret = TokenSecret.Read(options.Given, new DirectoryInfo(options.DataPath));
            var stage = new Stage(new Uri(run.Events), [.. run.Tickets.Select(url => new Uri(url))], [], Guid.Empty, new TokenMint(secret.Options, TimeProvider.System));
            using var http = new HttpClient();
            if (await RehearseCommand.EndUnfinishedAsync(options.DataPath, stage, http, stop) is { } ended)
                terminal.WriteLine($"The copy {ended} of a rehearsal that was cut off has been ended");
        }
        catch (Exception fault) when (fault is CannotRunException or HttpRequestException)
        {
            terminal.WriteLine($"The copy of a rehearsal that was cut off could not be ended: {fault.Message}");
        }
    }
}
