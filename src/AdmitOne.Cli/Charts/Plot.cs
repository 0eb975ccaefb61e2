using System.Globalization;

namespace AdmitOne.Cli.Charts;

/// <summary>The values of one axis from 0 up, with round steps.</summary>
/// <param name="Step">From one level line to the next.</param>
/// <param name="Top">The highest level line, a whole number of steps.</param>
public readonly record struct Scale(double Step, double Top)
{
    private static readonly double[] s_round = [1, 2, 2.5, 5, 10];

    public IEnumerable<double> Levels
    {
        get
        {
            for (var level = 0; level <= Math.Round(Top / Step); level++) yield return level * Step;
        }
    }

    /// <summary>At most so many steps, each the least round number with which they reach the highest value.</summary>
    /// <param name="steps">How many steps there may be.</param>
    /// <param name="thousand">1024 for bytes, which are counted in KiB and MiB.</param>
    public static Scale Of(double highest, int steps, double thousand = 1000)
    {
        if (highest <= 0) return new Scale(1, steps);
        var unit = highest >= 1 && thousand > 1000 ? Math.Pow(thousand, Math.Floor(Math.Log(highest, thousand))) : 1;
        var (least, power) = (highest / unit / steps, Math.Pow(10, Math.Floor(Math.Log10(highest / unit / steps))));
        // A quotient such as 0.1 / 0.02 is a hair above the whole number that it is.
        var step = s_round.First(round => round * power >= least * (1 - 1e-9)) * power * unit;
        return new Scale(step, Math.Ceiling((highest / step) - 1e-9) * step);
    }
}

/// <summary>The colours of a plot.</summary>
public sealed record PlotColours(string Level, string Label);

/// <summary>A field with level lines, in which values are drawn.</summary>
public sealed class Plot
{
    private readonly SvgPicture _picture;
    private readonly Box _field;
    private readonly Scale _scale;

    /// <summary>Draws the level lines, and what they stand for left of them.</summary>
    public Plot(SvgPicture picture, Box field, Scale scale, PlotColours colours, Func<double, string>? label = null)
    {
        ArgumentNullException.ThrowIfNull(picture);
        ArgumentNullException.ThrowIfNull(colours);
        (_picture, _field, _scale) = (picture, field, scale);
        foreach (var level in scale.Levels)
        {
            picture.Level(field.Left, field.Right, Y(level), colours.Level);
            picture.Text(field.Left - 6, Y(level) + 4, (label ?? Number)(level), new TextStyle(10, colours.Label, "end"));
        }
    }

    /// <summary>How far down a value is drawn.</summary>
    public double Y(double value) => _field.Bottom - (_field.Height * value / _scale.Top);

    /// <summary>A dashed level, such as a bound.</summary>
    public void Bound(double value, string colour) => _picture.Level(_field.Left, _field.Right, Y(value), colour, "6 4");

    /// <param name="points">From left to right; the share of the width, from 0 to 1, and the value.</param>
    public void Line(IEnumerable<(double Share, double Value)> points, string colour, bool isFilled = false)
    {
        var places = points.Select(point => (_field.Left + (_field.Width * point.Share), Y(point.Value))).ToList();
        if (places.Count == 0) return;
        if (isFilled) _picture.Under(places, _field.Bottom, colour);
        _picture.Line(places, colour, 1.6);
    }

    /// <summary>A bar from one value up to another.</summary>
    public void Bar(double left, double width, (double From, double To) values, string colour) =>
        _picture.Rectangle(new Box(left, Y(values.To), width, Y(values.From) - Y(values.To)), colour);

    /// <summary>As few digits as say it.</summary>
    public static string Number(double value) => value.ToString(Math.Abs(value) >= 100 || value == Math.Round(value) ? "N0" : "0.##", CultureInfo.InvariantCulture);
}
