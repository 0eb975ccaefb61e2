using System.Globalization;
using System.Text;

namespace AdmitOne.Load;

/// <summary>A phase as a picture: rate, p95, memory and CPU over its time, one below the other.</summary>
internal static class Charts
{
    private const int Width = 900;
    private const int Left = 70;
    private const int Panel = 110;
    private const int Gap = 42;

    public static string Draw(PhaseResult phase)
    {
        (string Title, Func<Moment, double> Of, string Colour)[] panels =
        [
            ("answers a second", m => m.PerSecond, "#2f6db3"), ("p95 of all requests, ms", m => m.P95Ms, "#a2452f"),
            ($"memory of the {phase.Service}, MiB", m => m.MemoryMiB, "#3d7f43"), ($"CPU of the {phase.Service}, cores", m => m.Cores, "#7a5ba8"),
        ];
        var height = 40 + panels.Length * (Panel + Gap);
        var svg = new StringBuilder();
        void Add(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Add($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13" fill="#1d2733">""");
        Add($"""<rect width="{Width}" height="{height}" fill="#ffffff"/>""");
        Add($"""<text x="{Left}" y="24" font-size="15" font-weight="600">{phase.Users:N0} users on the {phase.Service}, {phase.Seconds:N0} s</text>""");
        for (var n = 0; n < panels.Length; n++) Plot(Add, phase, panels[n], top: 40 + n * (Panel + Gap) + 20);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Plot(Action<FormattableString> add, PhaseResult phase, (string Title, Func<Moment, double> Of, string Colour) panel, int top)
    {
        var moments = phase.Moments.Where(m => panel.Of(m) > 0).ToList();   // before the first reading there is nothing to draw
        var most = Nice(moments.Select(panel.Of).DefaultIfEmpty(0).Max());
        double X(double at) => Left + (Width - Left - 20) * at / Math.Max(1, phase.Seconds);
        double Y(double value) => top + Panel - Panel * value / most;
        add($"""<text x="{Left}" y="{top - 6}">{panel.Title}</text>""");
        foreach (var share in new[] { 0.0, 0.5, 1.0 })
        {
            add($"""<path d="M{Left} {Y(most * share):0.0}H{Width - 20}" stroke="#dfe5ec"/>""");
            add($"""<text x="{Left - 8}" y="{Y(most * share) + 4:0.0}" text-anchor="end" fill="#4a5b6c" font-size="12">{most * share:#,0.##}</text>""");
        }
        add($"""<polyline fill="none" stroke="{panel.Colour}" stroke-width="1.8" points="{string.Join(' ', moments.Select(m => string.Create(CultureInfo.InvariantCulture, $"{X(m.AtSeconds):0.0},{Y(panel.Of(m)):0.0}")))}"/>""");
    }

    /// <returns>The next of 1, 2, 5, 10 ... above, so that the axis has round numbers.</returns>
    private static double Nice(double most)
    {
        if (most <= 0) return 1;
        var ten = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return new[] { 1, 2, 2.5, 5, 10 }.Select(step => step * ten).First(step => step >= most);
    }
}
