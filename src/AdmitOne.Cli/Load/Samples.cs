namespace AdmitOne.Cli.Load;

/// <summary>One request and how it ended.</summary>
/// <param name="AtSeconds">When it was to begin, since the start of the run.</param>
/// <param name="LatencyMs">From when it was to begin until its last byte was read.</param>
/// <param name="Outcome"><see cref="Samples.Fine"/>, the problem's code, or what else went wrong.</param>
public readonly record struct Sample(double AtSeconds, double LatencyMs, string Outcome);

/// <summary>Everything a load was answered, by step. Percentiles are of the samples themselves, not of buckets.</summary>
public sealed class Samples
{
    /// <summary>The outcome of a request that did what was asked.</summary>
    public const string Fine = "ok";

    private readonly Dictionary<string, List<Sample>> _bySteps = [];
    private readonly Lock _one = new();

    public void Add(string step, Sample sample)
    {
        lock (_one)
        {
            if (!_bySteps.TryGetValue(step, out var samples)) _bySteps[step] = samples = [];
            samples.Add(sample);
        }
    }

    /// <returns>A copy as of now.</returns>
    public IReadOnlyList<Sample> Of(string step)
    {
        lock (_one) return _bySteps.TryGetValue(step, out var samples) ? samples.ToArray() : [];
    }

    /// <returns>In the order in which they first occurred.</returns>
    public IReadOnlyList<string> Steps
    {
        get
        {
            lock (_one) return [.. _bySteps.Keys];
        }
    }

    /// <returns>The latest of a step, at most so many, for what is shown while it runs.</returns>
    public double[] LatestMs(string step, int atMost)
    {
        lock (_one) return _bySteps.TryGetValue(step, out var samples) ? [.. samples.TakeLast(atMost).Select(s => s.LatencyMs)] : [];
    }

    /// <param name="share">0.95 for the value that 95 of 100 do not exceed.</param>
    /// <returns>0 if there are none.</returns>
    public static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * share) - 1, 0, sorted.Length - 1)];
    }
}

/// <summary>A step's latencies in numbers.</summary>
/// <param name="Outcomes">How many ended how.</param>
public sealed record StepSummary(string Step, int Count, double P50Ms, double P95Ms, double P99Ms, double MaxMs, IReadOnlyDictionary<string, int> Outcomes)
{
    public static StepSummary Of(string step, IReadOnlyList<Sample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var latencies = samples.Select(s => s.LatencyMs).ToArray();
        double At(double share) => Math.Round(Samples.Percentile(latencies, share), 1);
        return new StepSummary(step, samples.Count, At(0.50), At(0.95), At(0.99), At(1), samples.CountBy(s => s.Outcome).OrderByDescending(o => o.Value).ToDictionary(o => o.Key, o => o.Value));
    }
}
