using System.Globalization;

namespace AdmitOne.Cli.Charts;

/// <summary>Draws a dashboard as Grafana would show it, in its own grid.</summary>
internal sealed class Dashboard
{
    public const string NoData = "No data";
    private const double Width = 1320;
    private const double Line = 24;
    private const double Gap = 8;
    private const double Head = 56;
    private const double Column = (Width - Gap) / 24;
    private const string Ink = "#d8d9e0";
    private const string Faint = "#8e9199";
    private const string Edge = "#2c3036";

    // Of the characters of a legend, in the picture's units.
    private const double CharacterWidth = 5.6;
    private const int LegendColumns = 3;
    private static readonly string[] s_lines = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c0d8ff", "#fade2a", "#96d98d", "#ffa6b0", "#ca95e5"];

    private readonly PrometheusRange _range;
    private readonly SvgPicture _picture;

    private Dashboard(GrafanaBoard board, PrometheusRange range)
    {
        var height = Head + (board.Panels.Max(panel => panel.GridPos.Y + panel.GridPos.H) * Line) + Gap;
        (_range, _picture) = (range, new SvgPicture(Width, height, board.Title, "Inter, Helvetica, Arial, sans-serif", Ink, "#111217"));
        var window = range.Window == PrometheusRange.UsualWindow ? "" : $", with rates over {range.Window} in place of {PrometheusRange.UsualWindow}";
        _picture.Text(Gap + 6, 35, board.Title, new TextStyle(20, IsBold: true));
        _picture.Text(Width - Gap - 6, 35, string.Create(CultureInfo.InvariantCulture, $"drawn from {(range.End - range.Start) / 60:0} minutes of a real run{window}"), new TextStyle(12, Faint, "end"));
    }

    /// <returns>The picture as SVG.</returns>
    public static async Task<string> DrawAsync(GrafanaBoard board, PrometheusRange range, CancellationToken cancellationToken)
    {
        var dashboard = new Dashboard(board, range);
        foreach (var panel in board.Panels)
        {
            var series = new List<Series>();
            foreach (var target in panel.Targets) series.AddRange(await range.AskAsync(target, cancellationToken));
            dashboard.Draw(panel, series);
        }
        return dashboard._picture.ToString();
    }

    private void Draw(GrafanaPanel panel, List<Series> series)
    {
        var at = panel.GridPos;
        var card = new Box((at.X * Column) + Gap, (at.Y * Line) + Head, (at.W * Column) - Gap, (at.H * Line) - Gap);
        _picture.Rectangle(card, "#181b1f", 3, Edge);
        _picture.Text(card.Left + 10, card.Top + 20, panel.Title, new TextStyle(13, IsBold: true));
        var box = new Box(card.Left, card.Top + 30, card.Width, card.Height - 34);
        if (series.All(one => one.Points.Count == 0)) _picture.Text(card.Left + (card.Width / 2), card.Top + (card.Height / 2), NoData, new TextStyle(14, Faint, "middle"));
        else if (panel.Type == "stat") Stat(series, box, panel.FieldConfig.Defaults);
        else if (panel.Type == "bargauge") BarGauge(series, box, panel.FieldConfig.Defaults);
        else TimeSeries(series, box, panel.FieldConfig.Defaults);
    }

    private void TimeSeries(List<Series> series, Box box, GrafanaField field)
    {
        var rows = (series.Count + LegendColumns - 1) / LegendColumns;
        var highest = series.SelectMany(one => one.Points).Max(point => point.Value) is > 0 and var most ? most : 1;
        // A threshold is drawn where it does not flatten the curves below it.
        var bounds = field.Custom?.ThresholdsStyle?.Mode == "line" ? field.Thresholds.Steps.Where(step => step.Value is { } value && value <= 3 * highest).ToList() : [];
        highest = 1.05 * bounds.Select(bound => bound.Value!.Value).Append(highest).Max();
        if (field.Unit == "percentunit") highest = Math.Max(highest, 0.03);
        var plot = new Plot(_picture, new Box(box.Left + 58, box.Top + 4, box.Width - 70, box.Height - 18 - (15 * rows)),
            Scale.Of(highest, 3, field.Unit == "bytes" ? 1024 : 1000), new PlotColours(Edge, Faint), value => Quantity.Say(value, field.Unit));
        foreach (var bound in bounds) plot.Bound(bound.Value!.Value, bound.Paint);
        foreach (var (n, one) in series.Index())
        {
            var colour = s_lines[n % s_lines.Length];
            plot.Line(Shares(one), colour, isFilled: series.Count <= LegendColumns);
            var (x, y) = (box.Left + 12 + (n % LegendColumns * (box.Width - 20) / LegendColumns), box.Bottom - (15 * (rows - 1 - (n / LegendColumns))) - 6);
            _picture.Rectangle(new Box(x, y - 8, 9, 4), colour, 1);
            var room = (int)((box.Width - 20) / LegendColumns / CharacterWidth) - 3;
            _picture.Text(x + 13, y - 2, one.Name.Length <= room ? one.Name : one.Name[..(room - 1)] + "…", new TextStyle(10, Faint));
        }
    }

    private void Stat(List<Series> series, Box box, GrafanaField field)
    {
        var each = box.Width / series.Count;
        foreach (var (n, one) in series.Index())
        {
            var (colour, middle) = (field.Thresholds.ColourOf(one.Last), box.Left + (each * (n + 0.5)));
            if (one.Points.Count > 1)
            {
                var spark = new Box(box.Left + (each * n) + 10, box.Top + (box.Height * 0.62), each - 20, box.Height * 0.32);
                var highest = 1.1 * (one.Points.Max(point => point.Value) is > 0 and var most ? most : 1);
                var points = Shares(one).Select(point => (spark.Left + (spark.Width * point.Share), spark.Bottom - (spark.Height * point.Value / highest))).ToList();
                _picture.Under(points, spark.Bottom, colour);
                _picture.Line(points, colour, 1.4);
            }
            var mapped = field.Mappings?.Select(mapping => mapping.Options.GetValueOrDefault(one.Last.ToString("0", CultureInfo.InvariantCulture))?.Text).OfType<string>().LastOrDefault();
            _picture.Text(middle, box.Top + (box.Height * 0.42), mapped ?? Quantity.Say(one.Last, field.Unit, field.Decimals), new TextStyle(34, colour, "middle", IsBold: true));
            if (series.Count > 1) _picture.Text(middle, box.Top + (box.Height * 0.55), one.Name, new TextStyle(11, Faint, "middle"));
        }
    }

    private void BarGauge(List<Series> series, Box box, GrafanaField field)
    {
        var most = series.Select(one => one.Last).Append(1).Max();
        var each = (box.Height - 8) / series.Count;
        foreach (var (n, one) in series.OrderByDescending(one => one.Last).Index())
        {
            var bar = new Box(box.Left + 118, box.Top + (n * each) + 2, box.Width - 190, each - 4);
            var middle = box.Top + ((n + 0.5) * each) + 4;
            _picture.Text(box.Left + 110, middle, one.Name, new TextStyle(11, Faint, "end"));
            _picture.Rectangle(bar, Edge, 2);
            _picture.Rectangle(bar with { Width = bar.Width * one.Last / most }, field.Thresholds.ColourOf(one.Last), 2);
            _picture.Text(box.Right - 14, middle, Quantity.Say(one.Last, field.Unit), new TextStyle(11, Ink, "end"));
        }
    }

    private IEnumerable<(double Share, double Value)> Shares(Series series) => series.Points.Select(point => ((point.At - _range.Start) / (_range.End - _range.Start), point.Value));
}
