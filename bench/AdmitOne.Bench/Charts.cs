using System.Globalization;
using System.Net;
using System.Text;

namespace AdmitOne.Bench;

/// <summary>One group of bars, or one point of each line.</summary>
internal sealed record Group(string Label, IReadOnlyList<double> Values);

/// <summary>What a chart says.</summary>
/// <param name="Unit">Of the values, under the title.</param>
/// <param name="Series">The name of the n-th value of each group.</param>
internal sealed record ChartText(string Title, string Unit, IReadOnlyList<string> Series);

/// <summary>Charts as SVG files of a few kilobytes, readable on light and dark pages. No library draws them: bars and lines are all there is.</summary>
internal static class Charts
{
    private const int Width = 860;
    private const int Height = 360;
    private const int Left = 64;
    private const int Right = 16;
    private const int Top = 74;
    private const int Bottom = 56;

    private static readonly string[] s_colours = ["#2f7ed8", "#e07b39", "#4caf50", "#a05db8", "#c9a227", "#7a8794"];

    /// <summary>Bars beside one another in each group.</summary>
    public static string Bars(ChartText text, IReadOnlyList<Group> groups) => Draw(text, groups, groups.SelectMany(g => g.Values).DefaultIfEmpty(0).Max(), (svg, y, n, x, width) =>
    {
        var one = width * 0.8 / text.Series.Count;
        for (var k = 0; k < groups[n].Values.Count; k++) Bar(svg, k, x + (width * 0.1) + (k * one), one, y, (0, groups[n].Values[k]));
    });

    /// <summary>The parts of each group, one upon the other.</summary>
    public static string Stacks(ChartText text, IReadOnlyList<Group> groups) => Draw(text, groups, groups.Select(g => g.Values.Sum()).DefaultIfEmpty(0).Max(), (svg, y, n, x, width) =>
    {
        var from = 0.0;
        for (var k = 0; k < groups[n].Values.Count; from += groups[n].Values[k++]) Bar(svg, k, x + (width * 0.2), width * 0.6, y, (from, from + groups[n].Values[k]));
        Text(svg, x + (width / 2), y(from) - 4, "middle", Number(from));
    });

    /// <summary>A line for each series over the groups.</summary>
    public static string Lines(ChartText text, IReadOnlyList<Group> groups)
    {
        var lines = new StringBuilder[text.Series.Count];
        for (var k = 0; k < lines.Length; k++) lines[k] = new StringBuilder();
        return Draw(text, groups, groups.SelectMany(g => g.Values).DefaultIfEmpty(0).Max(), (svg, y, n, x, width) =>
        {
            for (var k = 0; k < lines.Length; k++) lines[k].Append(CultureInfo.InvariantCulture, $"{(n == 0 ? "M" : "L")}{x + (width / 2):0.#} {y(groups[n].Values[k]):0.#} ");
            if (n != groups.Count - 1) return;
            for (var k = 0; k < lines.Length; k++) svg.Append(CultureInfo.InvariantCulture, $"<path d=\"{lines[k].ToString().TrimEnd()}\" fill=\"none\" stroke=\"{s_colours[k]}\" stroke-width=\"2\"/>\n");
        });
    }

    private static string Draw(ChartText text, IReadOnlyList<Group> groups, double most, Action<StringBuilder, Func<double, double>, int, double, double> group)
    {
        var step = Step(most);
        var top = Math.Max(step, Math.Ceiling(most * 1.05 / step) * step);
        double Y(double value) => Height - Bottom - ((Height - Top - Bottom) * value / top);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#5b6570">
            <title>{Safe(text.Title)}</title>
            <text x="{Left}" y="22" font-size="16" font-weight="600">{Safe(text.Title)}</text>
            <text x="{Left}" y="40">{Safe(text.Unit)}</text>

            """);
        for (var k = 0; k < text.Series.Count && text.Series.Count > 1; k++)
        {
            var x = Left + (k * 132);
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x}\" y=\"50\" width=\"10\" height=\"10\" fill=\"{s_colours[k]}\"/><text x=\"{x + 14}\" y=\"59\">{Safe(text.Series[k])}</text>\n");
        }
        for (var value = 0.0; value <= top + (step / 2); value += step)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {Y(value):0.#} H{Width - Right}\" stroke=\"#8a939c\" stroke-opacity=\"0.35\"/>");
            Text(svg, Left - 6, Y(value) + 4, "end", Number(value));
        }
        var each = (double)(Width - Left - Right) / Math.Max(1, groups.Count);
        var labelled = Math.Max(1, (int)Math.Ceiling(groups.Count / 20.0));
        for (var n = 0; n < groups.Count; n++)
        {
            group(svg, Y, n, Left + (n * each), each);
            if (n % labelled != 0) continue;
            var words = groups[n].Label.Split('\n');
            for (var line = 0; line < words.Length; line++) Text(svg, Left + ((n + 0.5) * each), Height - Bottom + 18 + (line * 15), "middle", words[line]);
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static void Bar(StringBuilder svg, int series, double x, double width, Func<double, double> y, (double From, double To) values) => svg.Append(CultureInfo.InvariantCulture,
        $"<rect x=\"{x:0.#}\" y=\"{y(values.To):0.#}\" width=\"{width:0.#}\" height=\"{Math.Max(0, y(values.From) - y(values.To)):0.#}\" fill=\"{s_colours[series]}\"/>\n");

    private static void Text(StringBuilder svg, double x, double y, string anchor, string words) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{Safe(words)}</text>\n");

    // 1, 2 or 5 times a power of ten, so that there are four to ten lines.
    private static double Step(double most)
    {
        if (most <= 0) return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(most / 4)));
        return (most / 4 / power) switch { >= 5 => 5 * power, >= 2 => 2 * power, _ => power };
    }

    private static string Number(double value) => value.ToString(value is >= 100 or 0 ? "N0" : "0.##", CultureInfo.InvariantCulture);

    private static string Safe(string words) => WebUtility.HtmlEncode(words);
}
