using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>When buyers come: so many, within so long, evenly or most of them at once.</summary>
/// <param name="IsSpike">Their rate falls by e each fifth of the time, as when a sale opens; otherwise it stays.</param>
public sealed partial record ArrivalCurve(int Arrivals, TimeSpan Within, bool IsSpike)
{
    private const int MaxArrivals = 1_000_000;
    private const double SpikeFifths = 5;

    public double MeanPerSecond => Arrivals / Within.TotalSeconds;

    /// <param name="curve"><c>constant</c>, <c>spike</c>, or a number in a time such as <c>967 in 17s</c>.</param>
    /// <param name="arrivals">Of <c>constant</c> and <c>spike</c>.</param>
    /// <param name="rate">Arrivals a second, instead of <paramref name="arrivals"/>.</param>
    /// <exception cref="CannotRunException">It says too little, too much, or nothing that can be read.</exception>
    public static ArrivalCurve Read(string curve, int? arrivals, TimeSpan? within, double? rate)
    {
        ArgumentNullException.ThrowIfNull(curve);
        if (InTime().Match(curve) is { Success: true } said)
        {
            if (arrivals is not null || within is not null || rate is not null) throw new CannotRunException($"\"{curve}\" says it all: leave out --arrivals, --within and --rate");
            return Checked(new ArrivalCurve(Number(said.Groups["number"].Value), ReadTime(said.Groups["time"].Value), IsSpike: false));
        }
        if (curve is not ("constant" or "spike")) throw new CannotRunException($"--curve is constant, spike, or a number in a time such as \"967 in 17s\", not \"{curve}\"");
        if (arrivals is not null && rate is not null) throw new CannotRunException("say --arrivals or --rate, not both");
        var time = within ?? TimeSpan.FromSeconds(17);
        return Checked(new ArrivalCurve(arrivals ?? (rate is { } perSecond ? (int)Math.Round(perSecond * time.TotalSeconds) : 967), time, curve == "spike"));
    }

    /// <param name="text">Such as <c>17s</c>, <c>2m</c>, <c>90</c> (seconds).</param>
    /// <exception cref="CannotRunException">It is none.</exception>
    public static TimeSpan ReadTime(string text)
    {
        if (Duration().Match(text) is not { Success: true } said) throw new CannotRunException($"\"{text}\" is no time such as 17s, 90 or 2m");
        var number = double.Parse(said.Groups["number"].Value, CultureInfo.InvariantCulture);
        return said.Groups["unit"].Value.StartsWith('m') ? TimeSpan.FromMinutes(number) : TimeSpan.FromSeconds(number);
    }

    /// <summary>Draws the time of each arrival, in seconds, in ascending order. The same seed draws the same times.</summary>
    public IReadOnlyList<double> Times(int seed)
    {
        // So many points thrown independently are what a Poisson process looks like when its number is known.
        var random = new Random(seed);
        var tau = Within.TotalSeconds / SpikeFifths;
        double At(double share) => IsSpike ? -tau * Math.Log(1 - share * (1 - Math.Exp(-SpikeFifths))) : share * Within.TotalSeconds;
        return [.. Enumerable.Range(0, Arrivals).Select(_ => At(random.NextDouble())).Order()];
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Arrivals:N0} arrivals in {Within.TotalSeconds:0.##} s, {(IsSpike ? $"most at the start (from {Arrivals * SpikeFifths / Within.TotalSeconds:N0} a second, falling)" : $"{MeanPerSecond:N1} a second")}");

    // At most nine characters, so it fits; commas alone are no number.
    private static int Number(string text) => int.TryParse(text.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static ArrivalCurve Checked(ArrivalCurve curve) => curve switch
    {
        { Arrivals: < 1 or > MaxArrivals } => throw new CannotRunException($"between 1 and {MaxArrivals:N0} may arrive"),
        { Within.TotalSeconds: < 1 or > 3600 } => throw new CannotRunException("they arrive within 1 second to 1 hour"),
        _ => curve,
    };

    [GeneratedRegex(@"^\s*(?<number>[\d,]{1,9})\s*(?:tickets|arrivals|buyers)?\s*in\s*(?<time>[\d.]+\s*[a-z]*)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex InTime();

    [GeneratedRegex(@"^\s*(?<number>\d+(?:\.\d+)?)\s*(?<unit>|s|sec|secs|seconds?|m|min|mins|minutes?)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Duration();
}
