using System.Globalization;

namespace AdmitOne.Cli.Charts;

/// <summary>A number with its unit, as Grafana names units: percentunit, bytes, s, reqps, ops; any other is a plain number.</summary>
internal static class Quantity
{
    private static readonly string[] s_bytes = ["B", "KiB", "MiB", "GiB"];

    /// <param name="decimals">How many; null for three digits or so.</param>
    public static string Say(double value, string unit, int? decimals = null)
    {
        string Number(double x, string suffix = "") =>
            x.ToString("F" + (decimals ?? (Math.Abs(x) >= 100 || x == Math.Round(x) ? 0 : Math.Abs(x) >= 10 ? 1 : 2)).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + suffix;
        switch (unit)
        {
            case "percentunit":
                return Number(value * 100, " %");
            case "bytes":
                var power = Math.Abs(value) < 1 ? 0 : Math.Min(s_bytes.Length - 1, (int)Math.Log(Math.Abs(value), 1024));
                return Number(value / Math.Pow(1024, power), " " + s_bytes[power]);
            case "s":
                return value >= 1 ? Number(value, " s") : value >= 0.001 || value == 0 ? Number(value * 1000, " ms") : Number(value * 1e6, " µs");
            case "reqps" or "ops":
                return Number(value, "/s");
            default:
                return Math.Abs(value) >= 10_000 ? Number(value / 1000, " k") : Number(value);
        }
    }
}
