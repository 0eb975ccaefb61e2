using AdmitOne.Cli.Load;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>Buyers that came in one second, and how long the slowest of their steps took.</summary>
/// <param name="P95Ms">Of the step whose p95 was highest.</param>
internal sealed record ArrivalSecond(int Second, int Arrivals, double P95Ms, string SlowestStep);

/// <summary>How many buyers a second were let in while each step's p95 stayed below a second.</summary>
/// <param name="PerSecond">0: not even the slowest second did.</param>
/// <param name="IsLimit">False: all seconds stayed below, so that more might have been let in.</param>
internal sealed record AdmissionRate(double PerSecond, bool IsLimit, string Says)
{
    public const double BoundMs = 1000;

    // With fewer, a single slow answer is the p95.
    private const int EnoughBuyers = 20;

    /// <summary>
    /// Found from the seconds of one run: sorted by how many came, the highest rate up to which no second's p95 passed the bound. A second in which few
    /// came right after many pays for those; it does not count against its own rate.
    /// </summary>
    public static AdmissionRate Of(IReadOnlyList<ArrivalSecond> seconds)
    {
        ArgumentNullException.ThrowIfNull(seconds);
        if (seconds.Count == 0) return new AdmissionRate(0, IsLimit: false, "nobody came");
        var highest = seconds.Max(s => s.Arrivals);
        var slow = seconds.Where(s => s.P95Ms > BoundMs && (s.Arrivals >= EnoughBuyers || seconds.Count == 1)).OrderBy(s => s.Second).ToList();
        if (slow.Count == 0) return new AdmissionRate(highest, IsLimit: false, $"every second stayed below 1 s, the busiest with {highest} arrivals: the limit is higher (--search looks for it)");
        // The first slow second is slow by its own arrivals or by those just before; those after it may pay for the queue it left.
        var fast = seconds.Where(s => s.Second < slow[0].Second && s.Arrivals < slow[0].Arrivals).Select(s => s.Arrivals).DefaultIfEmpty(0).Max();
        return new AdmissionRate(fast, IsLimit: true, fast > 0
            ? $"second {slow[0].Second} with {slow[0].Arrivals} arrivals was the first with a p95 above 1 s ({slow[0].SlowestStep}); {fast} a second stayed below it"
            : $"the first seconds were above 1 s already ({slow[0].SlowestStep}): it is below {slow[0].Arrivals} a second (--search looks for it)");
    }

    public static IReadOnlyList<ArrivalSecond> Seconds(IReadOnlyList<Visit> visits, Samples samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var steps = BuyerVisit.Steps.Select(step => (Step: step, BySecond: samples.Of(step).ToLookup(s => (int)s.AtSeconds))).ToArray();
        return [.. visits.GroupBy(v => (int)v.ArrivedAt).OrderBy(g => g.Key).Select(second =>
        {
            var slowest = steps.Select(s => (s.Step, P95: Samples.Percentile(s.BySecond[second.Key].Select(x => x.LatencyMs), 0.95))).MaxBy(s => s.P95);
            return new ArrivalSecond(second.Key, second.Count(), Math.Round(slowest.P95, 1), slowest.Step);
        })];
    }
}
