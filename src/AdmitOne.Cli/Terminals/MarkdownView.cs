using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AdmitOne.Cli.Terminals;

/// <summary>A report in Markdown as a terminal shows it: its tables within the width. Elsewhere it is written as it is.</summary>
/// <remarks>Only what our reports have: headings, tables, paragraphs and bold words.</remarks>
internal static partial class MarkdownView
{
    public static void WriteMarkdown(this Terminal terminal, string markdown)
    {
        if (!terminal.IsLive)
        {
            terminal.WriteAsIs(markdown + Environment.NewLine);
            return;
        }
        var rows = new List<string[]>();
        foreach (var line in markdown.Split('\n'))
        {
            if (line.StartsWith('|'))
            {
                rows.Add(line.Trim('|').Split('|', StringSplitOptions.TrimEntries));
                continue;
            }
            if (rows.Count > 1) terminal.Write(Table(rows));
            rows.Clear();
            terminal.Write(Paragraph(line));
        }
    }

    private static Markup Paragraph(string line) => line.StartsWith("# ", StringComparison.Ordinal) ? new Markup($"[bold]{Markup.Escape(line[2..])}[/]\n") : Words(line + "\n");

    // The second row says how the columns are aligned.
    private static Table Table(List<string[]> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var (n, head) in rows[0].Index()) table.AddColumn(new TableColumn(Words(head)) { Alignment = rows[1][n].EndsWith(':') ? Justify.Right : Justify.Left });
        foreach (var row in rows.Skip(2)) table.AddRow(Array.ConvertAll(row, cell => (IRenderable)Words(cell)));
        return table;
    }

    private static Markup Words(string text) => new(Bold().Replace(Markup.Escape(text), "[bold]$1[/]"));

    [GeneratedRegex(@"\*\*(.+?)\*\*")]
    private static partial Regex Bold();
}
