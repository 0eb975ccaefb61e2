using Spectre.Console;
using Spectre.Console.Rendering;

namespace AdmitOne.Cli.Terminals;

/// <summary>Text in columns without lines around them.</summary>
internal static class TextGrid
{
    public const int Auto = 0;

    private static readonly Style s_good = new(Color.Green);
    private static readonly Style s_bad = new(Color.Red);
    private static readonly Style s_doubtful = new(Color.Yellow);

    /// <param name="indent">Blanks before the first column.</param>
    /// <param name="widths">Of the columns but the last, which takes what is left and is wrapped there; <see cref="Auto"/> is as wide as its widest cell.</param>
    public static Grid Of(int indent, params int[] widths)
    {
        var grid = new Grid();
        foreach (var (n, width) in widths.Index())
            grid.AddColumn(new GridColumn { Width = width == Auto ? null : width, NoWrap = true, Padding = new Padding(n == 0 ? indent : 0, 0, 1, 0) });
        return grid.AddColumn(new GridColumn { Padding = new Padding(0, 0, 0, 0) });
    }

    /// <summary>A row of plain text; <c>[</c> has no meaning in it.</summary>
    public static Grid Row(this Grid grid, params string[] cells) => grid.AddRow(Array.ConvertAll(cells, cell => (IRenderable)new Text(cell)));

    /// <summary>A word that says how something went, in its colour.</summary>
    public static Text Verdict(string word) => new(word, word.ToUpperInvariant() switch
    {
        "OK" or "GO" => s_good,
        "FAILED" or "NO-GO" => s_bad,
        _ => s_doubtful,
    });
}
