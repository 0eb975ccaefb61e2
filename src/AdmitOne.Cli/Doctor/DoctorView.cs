using System.Globalization;
using AdmitOne.Cli.Checklists;
using AdmitOne.Cli.Terminals;
using Spectre.Console;

namespace AdmitOne.Cli.Doctor;

/// <summary>How findings are shown.</summary>
internal static class DoctorView
{
    public static void Write(Terminal terminal, IReadOnlyList<DoctorLine> lines)
    {
        var grid = TextGrid.Of(0, WidthOf(lines.Select(line => line.Finding.Word), 8), WidthOf(lines.Select(line => line.Probe), 20));
        foreach (var (probe, finding) in lines)
            grid.AddRow(Verdict(finding), new Text(probe), new Text(finding.Found + (ToDo(finding) is { } what ? $"\n→ {what}" : "")));
        terminal.Write(grid);
        terminal.WriteLine(Count(lines.Select(line => line.Finding)));
    }

    public static void Write(Terminal terminal, string service, IReadOnlyList<CheckedLine> lines)
    {
        terminal.WriteLine($"# {service}");
        foreach (var section in lines.GroupBy(line => line.Line.Section))
        {
            terminal.WriteLine();
            terminal.WriteLine(section.Key);
            var grid = TextGrid.Of(0, WidthOf(lines.Select(line => line.Finding.Word), 13));
            foreach (var (line, finding) in section)
                grid.AddRow(Verdict(finding), new Rows(new Text(line.Text),
                    new Padder(new Text($"{(line.Probe is null ? "" : line.Probe.Name + ": ")}{finding.Found}{(ToDo(finding) is { } what ? " → " + what : "")}"), new Padding(2, 0, 0, 0))));
            terminal.Write(grid);
        }
        terminal.WriteLine();
        terminal.WriteLine($"{service}: {lines.Count} lines: {Count(lines.Select(line => line.Finding))}");
        terminal.WriteLine();
    }

    public static string Count(IEnumerable<Finding> findings) =>
        string.Join(", ", findings.CountBy(finding => finding.Word).Select(word => $"{word.Value.ToString(CultureInfo.InvariantCulture)} {word.Key}"));

    private static string? ToDo(Finding finding) => finding.Verdict == Doctor.Verdict.Go ? null : finding.Do;

    private static Text Verdict(Finding finding) => TextGrid.Verdict(finding.Word.ToUpperInvariant());

    private static int WidthOf(IEnumerable<string> words, int least) => words.Select(word => word.Length).Append(least).Max();
}
