namespace AdmitOne.Cli.Charts;

/// <summary>One group of bars, or one point of each line.</summary>
/// <param name="Label">Under it; a line break begins a second line.</param>
public sealed record Group(string Label, IReadOnlyList<double> Values);

/// <summary>What a chart says.</summary>
/// <param name="Unit">Of the values, under the title.</param>
/// <param name="Series">The name of the n-th value of each group.</param>
public sealed record ChartText(string Title, string Unit, IReadOnlyList<string> Series);

/// <summary>One panel of several, below one another over the same time.</summary>
/// <param name="Points">Seconds since the beginning, and the value.</param>
public sealed record Panel(string Title, IReadOnlyList<(double AtSeconds, double Value)> Points);

/// <summary>The charts of reports, readable on light and dark pages.</summary>
public static class Chart
{
    private const double Width = 860;
    private const double Height = 360;
    private const double Left = 64;
    private const double Right = 16;
    private const string Ink = "#5b6570";
    private const string Font = "system-ui, 'DejaVu Sans', sans-serif";
    private const int Steps = 6;
    private const int MostLabels = 12;

    private static readonly string[] s_colours = ["#2f7ed8", "#e07b39", "#4caf50", "#a05db8", "#c9a227", "#7a8794"];
    private static readonly PlotColours s_plot = new("#8a939c59", Ink);

    /// <summary>Bars beside one another in each group.</summary>
    public static string Bars(ChartText text, IReadOnlyList<Group> groups)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (picture, plot, each) = Begin(text, groups, Highest(groups));
        var one = each * 0.8 / text.Series.Count;
        foreach (var (n, group) in groups.Index())
            foreach (var (k, value) in group.Values.Index()) plot.Bar(Left + ((n + 0.1) * each) + (k * one), one, (0, value), s_colours[k]);
        return picture.ToString();
    }

    /// <summary>The parts of each group, one upon the other, and their sum.</summary>
    public static string Stacks(ChartText text, IReadOnlyList<Group> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var (picture, plot, each) = Begin(text, groups, groups.Select(group => group.Values.Sum()).DefaultIfEmpty(0).Max());
        foreach (var (n, group) in groups.Index())
        {
            var from = 0.0;
            foreach (var (k, value) in group.Values.Index()) plot.Bar(Left + ((n + 0.2) * each), each * 0.6, (from, from += value), s_colours[k]);
            picture.Text(Left + ((n + 0.5) * each), plot.Y(from) - 4, Plot.Number(from), new TextStyle(Anchor: "middle"));
        }
        return picture.ToString();
    }

    /// <summary>A line for each series over the groups.</summary>
    public static string Lines(ChartText text, IReadOnlyList<Group> groups)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (picture, plot, _) = Begin(text, groups, Highest(groups));
        for (var k = 0; k < text.Series.Count; k++) plot.Line(groups.Select((group, n) => ((n + 0.5) / groups.Count, group.Values[k])), s_colours[k]);
        return picture.ToString();
    }

    /// <summary>Panels over the same time, one below the other.</summary>
    public static string Panels(string title, double seconds, IReadOnlyList<Panel> panels)
    {
        ArgumentNullException.ThrowIfNull(panels);
        const double each = 152, field = 100;
        var picture = new SvgPicture(Width, 40 + (panels.Count * each), title, Font, Ink);
        picture.Text(Left, 22, title, new TextStyle(16, IsBold: true));
        foreach (var (n, panel) in panels.Index())
        {
            var box = new Box(Left, 66 + (n * each), Width - Left - Right, field);
            picture.Text(Left, box.Top - 10, panel.Title);
            var plot = new Plot(picture, box, Scale.Of(panel.Points.Select(point => point.Value).DefaultIfEmpty(0).Max(), 4), s_plot);
            plot.Line(panel.Points.Select(point => (point.AtSeconds / Math.Max(1, seconds), point.Value)), s_colours[n % s_colours.Length]);
        }
        return picture.ToString();
    }

    private static double Highest(IReadOnlyList<Group> groups) => groups.SelectMany(group => group.Values).DefaultIfEmpty(0).Max();

    // Title, legend, level lines, and the labels of the groups.
    private static (SvgPicture Picture, Plot Plot, double Each) Begin(ChartText text, IReadOnlyList<Group> groups, double highest)
    {
        var field = new Box(Left, 74, Width - Left - Right, Height - 74 - 56);
        var picture = new SvgPicture(Width, Height, text.Title, Font, Ink);
        picture.Text(Left, 22, text.Title, new TextStyle(16, IsBold: true));
        picture.Text(Left, 40, text.Unit);
        for (var k = 0; k < text.Series.Count && text.Series.Count > 1; k++)
        {
            var x = Left + (k * 132);
            picture.Rectangle(new Box(x, 50, 10, 10), s_colours[k]);
            picture.Text(x + 14, 59, text.Series[k]);
        }
        // Room above the highest for what is written on it.
        var plot = new Plot(picture, field, Scale.Of(highest * 1.05, Steps), s_plot);
        var each = field.Width / Math.Max(1, groups.Count);
        var labelled = Math.Max(1, (int)Math.Ceiling(groups.Count / (double)MostLabels));
        for (var n = 0; n < groups.Count; n += labelled)
            foreach (var (line, words) in groups[n].Label.Split('\n').Index())
                picture.Text(Left + ((n + 0.5) * each), field.Bottom + 18 + (line * 15), words, new TextStyle(Anchor: "middle"));
        return (picture, plot, each);
    }
}
