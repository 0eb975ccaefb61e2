using System.Globalization;
using System.Net;
using System.Text;

namespace AdmitOne.Cli.Charts;

/// <summary>A place in a picture, in its units, from the left and from the top.</summary>
public readonly record struct Box(double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;
}

/// <summary>How text looks; null leaves what the picture says.</summary>
/// <param name="Anchor">start, middle or end.</param>
public sealed record TextStyle(double? Size = null, string? Colour = null, string Anchor = "start", bool IsBold = false);

/// <summary>An SVG picture: rectangles, lines and text, which is escaped. Numbers are written with one decimal at most.</summary>
public sealed class SvgPicture
{
    private readonly StringBuilder _svg = new();

    /// <param name="font">Families, the first that is there is taken.</param>
    /// <param name="colour">Of the text.</param>
    /// <param name="back">Behind everything; null for none.</param>
    public SvgPicture(double width, double height, string title, string font, string colour, string? back = null)
    {
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:0.#} {height:0.#}\" role=\"img\" font-family=\"{font}\" font-size=\"12\" fill=\"{colour}\">");
        Add($"<title>{Escape(title)}</title>");
        if (back is not null) Rectangle(new Box(0, 0, width, height), back);
    }

    public void Rectangle(Box box, string fill, double radius = 0, string? edge = null) =>
        Add($"<rect x=\"{box.Left:0.#}\" y=\"{box.Top:0.#}\" width=\"{Math.Max(0, box.Width):0.#}\" height=\"{Math.Max(0, box.Height):0.#}\"{Optional("rx", radius > 0 ? radius : null)} fill=\"{fill}\"{Optional("stroke", edge)}/>");

    public void Text(double x, double y, string words, TextStyle? style = null)
    {
        var look = style ?? new TextStyle();
        Add($"<text x=\"{x:0.#}\" y=\"{y:0.#}\"{Optional("font-size", look.Size)}{Optional("fill", look.Colour)}{Optional("text-anchor", look.Anchor == "start" ? null : look.Anchor)}{Optional("font-weight", look.IsBold ? "600" : null)}>{Escape(words)}</text>");
    }

    /// <summary>A level line from left to right.</summary>
    public void Level(double left, double right, double y, string colour, string? dashes = null) =>
        Add($"<path d=\"M{left:0.#} {y:0.#}H{right:0.#}\" stroke=\"{colour}\"{Optional("stroke-dasharray", dashes)}/>");

    /// <summary>A line through all points.</summary>
    public void Line(IEnumerable<(double X, double Y)> points, string colour, double width) =>
        Add($"<polyline points=\"{Path(points)}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:0.#}\" stroke-linejoin=\"round\"/>");

    /// <summary>What lies between a line and a level below it.</summary>
    public void Under(IReadOnlyList<(double X, double Y)> points, double level, string colour)
    {
        ArgumentNullException.ThrowIfNull(points);
        Add($"<polygon points=\"{Path([(points[0].X, level), .. points, (points[^1].X, level)])}\" fill=\"{colour}\" fill-opacity=\"0.12\"/>");
    }

    /// <summary>The whole picture, as a file has it.</summary>
    public override string ToString() => _svg + "</svg>\n";

    private void Add(FormattableString element) => _svg.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Path(IEnumerable<(double X, double Y)> points) =>
        string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#},{point.Y:0.#}")));

    private static string Optional(string name, object? value) => value is null ? "" : string.Create(CultureInfo.InvariantCulture, $" {name}=\"{value}\"");

    private static string Escape(string words) => WebUtility.HtmlEncode(words);
}
