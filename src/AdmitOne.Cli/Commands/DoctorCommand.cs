using System.CommandLine;
using System.Text.Json;
using AdmitOne.Cli.Checklists;
using AdmitOne.Cli.Doctor;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone doctor</c>: looks at a configuration and what it leads to, and says of each thing go, no-go or what to think of.</summary>
internal static class DoctorCommand
{
    private const int NoGo = 1;
    private const int CannotLook = 2;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var options = new DoctorOptions();
        var command = new Command("doctor", "Look at a configuration: variables, database, Redis, neighbours. Exit code 0: nothing is no-go; 1: something is; 2: cannot look.");
        foreach (var option in options.All) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                await using var patient = options.Patient(parsed, GivenVariables.OfProcess());
                return await RunAsync(patient, options, parsed, cancellationToken);
            }
            catch (CannotRunException fault)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync("admitone: " + fault.Message);
                return CannotLook;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(Patient patient, DoctorOptions options, ParseResult parsed, CancellationToken cancellationToken)
    {
        var terminal = Terminal.Of(parsed.InvocationConfiguration);
        if (parsed.GetValue(options.Checklist)) return await WalkAsync(patient, options, parsed, terminal, cancellationToken);
        var probes = parsed.GetValue(options.Env) ? Examination.OfVariables : Examination.Whole;
        var lines = await terminal.RunAsync("looking", progress => Examination.RunAsync(progress.Each("probe", probes), patient, cancellationToken));
        if (parsed.GetValue(options.Json))
        {
            terminal.WriteAsIs(JsonSerializer.Serialize(lines.Select(line => new { line.Probe, verdict = line.Finding.Word, line.Finding.Found, line.Finding.Do }), s_json) + Environment.NewLine);
        }
        else
        {
            DoctorView.Write(terminal, lines);
        }
        return lines.Any(line => line.Finding.Verdict == Verdict.NoGo) ? NoGo : 0;
    }

    private static async Task<int> WalkAsync(Patient patient, DoctorOptions options, ParseResult parsed, Terminal terminal, CancellationToken cancellationToken)
    {
        var walked = new List<(string Service, IReadOnlyList<CheckedLine> Lines)>();
        foreach (var (service, lines) in ChecklistTables.All.Where(list => parsed.GetValue(options.Service) is not { } only || only == list.Service))
            walked.Add((service, await terminal.RunAsync($"walking the checklist of the {service}", _ => ChecklistWalk.RunAsync(lines, patient, cancellationToken))));
        if (parsed.GetValue(options.Json))
        {
            terminal.WriteAsIs(JsonSerializer.Serialize(walked.SelectMany(list => list.Lines.Select(line => new
            {
                list.Service, line.Line.Section, line.Line.Text, Probe = line.Line.Probe?.Name, verdict = line.Finding.Word, line.Finding.Found, line.Finding.Do,
            })), s_json) + Environment.NewLine);
        }
        else
        {
            foreach (var (service, lines) in walked) DoctorView.Write(terminal, service, lines);
        }
        return walked.SelectMany(list => list.Lines).Any(line => line.Finding.Verdict == Verdict.NoGo) ? NoGo : 0;
    }
}
