using System.Globalization;
using AdmitOne.Cli.Charts;
using AdmitOne.Cli.Load;

namespace AdmitOne.Bench;

/// <summary>The charts of a report: file name and SVG.</summary>
internal static class Pictures
{
    public const string Ratios = "ratios.svg";
    public const string Throughput = "throughput.svg";
    public const string Cpu = "cpu.svg";
    public const string Latency = "latency.svg";
    public const string Sustained = "sustained.svg";

    public static IEnumerable<(string Name, string Svg)> Of(Results results)
    {
        if (results.Rows.Count > 0)
        {
            int[] connections = [.. results.Rows.Select(r => r.Connections).Distinct().Order()];
            var series = Array.ConvertAll(connections, n => $"{n} connections");
            Group Of(string path, Func<Row, double> value) =>
                new(path, Array.ConvertAll(connections, n => results.Rows.FirstOrDefault(r => r.Path == path && r.Connections == n) is { } row ? value(row) : 0));
            var paths = results.Rows.Select(r => r.Path).Distinct().ToArray();
            yield return (Ratios, Chart.Bars(new ChartText("How many times its yardstick", "product / yardstick, median of the pairs", series), Array.ConvertAll(paths, p => Of(p, r => r.Ratio))));
            var usual = results.Rows.GroupBy(r => r.Path).Select(g => g.FirstOrDefault(r => r.Connections == Plan.Usual) ?? g.Last()).ToArray();
            yield return (Throughput, Chart.Bars(new ChartText("Beside its yardstick", "effects a second", ["AdmitOne", "yardstick"]),
                Array.ConvertAll(usual, r => new Group($"{r.Path}\n{r.Connections}", [r.PerSecond, r.YardstickPerSecond]))));
            yield return (Cpu, Chart.Stacks(new ChartText("Where the time goes", "microseconds of CPU for each effect, all processes", ProcessClock.Parts),
                Array.ConvertAll(usual, r => new Group($"{r.Path}\n{r.Connections}", [.. ProcessClock.Parts.Select(r.Cpu)]))));
        }
        if (results.Latencies.Count > 0)
        {
            yield return (Latency, Chart.Bars(new ChartText("Latency at a rate", "milliseconds from the instant at which a request was due", ["p50", "p95", "p99"]),
                [.. results.Latencies.Select(l => new Group(string.Create(CultureInfo.InvariantCulture, $"{l.Path}\n{l.AskedPerSecond:N0}/s"), [l.P50Ms, l.P95Ms, l.P99Ms]))]));
        }
        if (results.Sustained is { } run)
        {
            yield return (Sustained, Chart.Lines(new ChartText($"Holds for {run.Seconds} s", "milliseconds, by ten seconds", ["p50", "p99"]),
                [.. run.Stretches.Select(s => new Group($"{s.FromSecond} s", [s.P50Ms, s.P99Ms]))]));
        }
    }
}
