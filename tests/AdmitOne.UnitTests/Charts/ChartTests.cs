using System.Globalization;
using System.Xml.Linq;
using AdmitOne.Cli.Charts;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Charts;

public sealed class ChartTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Theory]
    [InlineData(0, 6, 1000, 1, 6)]
    [InlineData(6, 6, 1000, 1, 6)]
    [InlineData(6.1, 6, 1000, 2, 8)]
    [InlineData(0.1, 5, 1000, 0.02, 0.1)]
    [InlineData(2345, 6, 1000, 500, 2500)]
    [InlineData(300_000_000, 3, 1024, 104_857_600, 314_572_800)]
    public void Level_lines_are_round_and_reach_the_highest_value(double highest, int steps, double thousand, double step, double top)
    {
        var scale = Scale.Of(highest, steps, thousand);
        Assert.Equal((step, top), (Math.Round(scale.Step, 9), Math.Round(scale.Top, 9)));
    }

    [Fact]
    public void Every_highest_value_lies_within_its_levels_and_there_are_no_more_than_asked_for() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).Two().Zip(Gen.Choose(2, 8)).ToArbitrary(), drawn =>
        {
            var (highest, steps) = ((double)drawn.Item1.Item1 / drawn.Item1.Item2, drawn.Item2);
            var scale = Scale.Of(highest, steps);
            return scale.Top >= highest * (1 - 1e-9) && scale.Levels.Count() <= steps + 1;
        }).Check(PropertyCases.Some(200));

    [Fact]
    public void Bars_are_as_high_as_their_values_and_text_is_escaped()
    {
        var svg = XElement.Parse(Chart.Bars(new ChartText("a < b & c", "per second", ["ours", "theirs"]), [new Group("hold\n256", [200, 100]), new Group("buy", [50, 0])]));
        Assert.Contains(svg.Elements(s_svg + "text"), text => text.Value == "a < b & c");
        Assert.Contains(svg.Elements(s_svg + "text"), text => text.Value == "256");
        var bars = svg.Elements(s_svg + "rect").Skip(2).Select(bar => Number(bar, "height")).ToList();   // the legend's two come first
        Assert.Equal((4, 2.0, 4.0, 0.0), (bars.Count, Math.Round(bars[0] / bars[1], 1), Math.Round(bars[0] / bars[2], 1), bars[3]));
    }

    [Fact]
    public void The_parts_of_a_stack_lie_on_one_another_under_their_sum()
    {
        var svg = XElement.Parse(Chart.Stacks(new ChartText("CPU", "µs", ["a", "b"]), [new Group("x", [30, 10])]));
        var bars = svg.Elements(s_svg + "rect").Skip(2).ToList();
        Assert.Equal(Number(bars[0], "y"), Number(bars[1], "y") + Number(bars[1], "height"), 0.2);
        Assert.Contains(svg.Elements(s_svg + "text"), text => text.Value == "40");
    }

    [Fact]
    public void Panels_share_their_time_and_have_a_line_each()
    {
        var svg = XElement.Parse(Chart.Panels("1,000 users", 60, [new Panel("rate", [(0, 10), (60, 20)]), new Panel("nothing yet", [])]));
        var points = Assert.Single(svg.Elements(s_svg + "polyline")).Attribute("points")!.Value.Split(' ');
        Assert.Equal((2, "64", "844"), (points.Length, points[0].Split(',')[0], points[1].Split(',')[0]));
    }

    [Theory]
    [InlineData(0.0234, "percentunit", "2.34 %")]
    [InlineData(1536, "bytes", "1.50 KiB")]
    [InlineData(0.0042, "s", "4.20 ms")]
    [InlineData(0, "s", "0 ms")]
    [InlineData(12.5, "reqps", "12.5/s")]
    [InlineData(12_345, "short", "12.3 k")]
    public void A_number_says_its_unit(double value, string unit, string words) => Assert.Equal(words, Quantity.Say(value, unit));

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
