using AdmitOne.Cli.Load;

namespace AdmitOne.Load;

/// <summary>One demand of the checklists beside what was measured.</summary>
/// <param name="Held">Null: the run was too short to say.</param>
internal sealed record Line(string Demand, string Bound, string Measured, bool? Held);

/// <param name="GrowthMiBPerHour">The slope over the second half of the run; null if that was too short.</param>
internal sealed record MemoryUse(string Service, double StartMiB, double MaxMiB, double EndMiB, double? GrowthMiBPerHour);

/// <param name="Cores">Mean over the phase.</param>
/// <param name="MaxPoolUsed">Database connections.</param>
internal sealed record ServiceUse(string Service, double Cores, double MeanPoolUsed, double MaxPoolUsed, double PoolMax, double MaxPoolWaiting, double MeanBatch, double? HitRate);

/// <summary>One point of the charts.</summary>
internal sealed record Moment(double AtSeconds, double PerSecond, double P95Ms, double MemoryMiB, double Cores);

/// <param name="PerSecond">Calls that began by the clock in a second after the warm-up. Each was answered, of a machine that was too slow later than the phase had ended.</param>
/// <param name="Routes">After the warm-up.</param>
/// <param name="CpuCores">By part, as the machine counts it.</param>
internal sealed record PhaseResult(
    string Name, string Title, string Service, int Users, double Seconds, double PerSecond, double ErrorShare, IReadOnlyList<StepSummary> Routes, IReadOnlyList<MemoryUse> Memory,
    IReadOnlyList<ServiceUse> Services, IReadOnlyDictionary<string, double> CpuCores, double MachineBusy, IReadOnlyList<Line> Lines, IReadOnlyList<Moment> Moments)
{
    private const double MiB = 1024 * 1024;
    private const double LimitMiB = 1024;
    // A pod's limit, of which the checklists want a fifth free.
    private const double FourFifths = 0.8;
    // What the alerts of the same names ask.
    private const double PoolInUse = 0.9;
    private const double LeakMiBPerHour = 200;
    private const double EnoughSecondsForGrowth = 240;
    private const int ChartPoints = 60;

    public static PhaseResult Of(
        Phase phase, Samples samples, (double From, double To) window, ServiceWatch watch, MachineClock machine, (IReadOnlyDictionary<string, double> Before, IReadOnlyDictionary<string, double> After, double Seconds) cpu)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var routes = samples.Steps.Select(step => (step, Samples: samples.Of(step).Where(s => s.AtSeconds >= window.From).ToArray())).Where(r => r.Samples.Length > 0)
            .Select(r => StepSummary.Of(r.step, r.Samples)).OrderBy(r => r.Step, StringComparer.Ordinal).ToList();
        var asked = routes.Sum(r => r.Count);
        var errors = routes.Sum(r => r.Outcomes.Where(o => o.Key != Samples.Fine).Sum(o => o.Value));
        var readings = watch.Readings.Where(r => r.AtSeconds >= window.From).ToList();
        var services = readings.GroupBy(r => r.Service).Select(g => Use(g.Key, [.. g])).ToList();
        var memory = readings.GroupBy(r => r.Service).Select(g => Memorise(g.Key, [.. g], window.To - window.From)).ToList();
        var cores = cpu.After.ToDictionary(p => p.Key, p => Math.Round((p.Value - cpu.Before.GetValueOrDefault(p.Key)) / cpu.Seconds, 3));
        var busy = machine.Readings.Where(m => m.At >= window.From).Select(m => m.Busy).DefaultIfEmpty(0).Average();
        var errorShare = (double)errors / Math.Max(1, asked);
        return new PhaseResult(
            phase.Name, phase.Title, phase.Service, phase.Users, window.To, Math.Round(asked / (window.To - window.From), 1), Math.Round(errorShare, 5), routes, memory, services, cores, Math.Round(busy, 3),
            [.. Judge(phase, routes, errorShare, services.Where(s => s.Service == phase.Service), memory.Where(m => m.Service == phase.Service))], Chart(phase, samples, watch.Readings, window.To));
    }

    private static IEnumerable<Line> Judge(Phase phase, IReadOnlyList<StepSummary> routes, double errorShare, IEnumerable<ServiceUse> services, IEnumerable<MemoryUse> memory)
    {
        yield return new Line("errors", "< 1 %", Report.Say($"{errorShare:P2}"), errorShare < 0.01);
        foreach (var route in routes)
        {
            var bound = BoundMs(route.Step);
            yield return new Line($"p95 of {route.Step}", Report.Say($"< {bound:N0} ms"), Report.Say($"{route.P95Ms:N1} ms"), route.P95Ms < bound);
        }
        foreach (var use in memory)
        {
            yield return new Line($"memory of the {use.Service}", "< 1 GiB, and < 80 % of that", Report.Say($"{use.MaxMiB:N0} MiB"), use.MaxMiB < LimitMiB * FourFifths);
            yield return new Line($"memory of the {use.Service} does not grow", Report.Say($"< {LeakMiBPerHour:N0} MiB an hour"),
                use.GrowthMiBPerHour is { } growth ? Report.Say($"{growth:N0} MiB an hour") : "too short to say", use.GrowthMiBPerHour is { } slope ? slope < LeakMiBPerHour : null);
        }
        foreach (var use in services)
        {
            yield return new Line($"CPU of the {use.Service}", Report.Say($"< 80 % of {Environment.ProcessorCount} cores"), Report.Say($"{use.Cores / Environment.ProcessorCount:P0} ({use.Cores:N2} cores)"), use.Cores / Environment.ProcessorCount < FourFifths);
            yield return new Line($"database connections of the {use.Service}", "< 90 % in use", Report.Say($"{use.MeanPoolUsed:N1} of {use.PoolMax:N0} on average, at most {use.MaxPoolUsed:N0}, {use.MaxPoolWaiting:N0} waiting"), use.MeanPoolUsed < use.PoolMax * PoolInUse);
            if (phase.Service == "event service")
                yield return new Line("cache hit rate", "> 90 %", use.HitRate is { } rate ? Report.Say($"{rate:P1}") : "not read", use.HitRate > 0.9);
        }
    }

    /// <summary>The checklists' bounds of p95.</summary>
    private static double BoundMs(string step) => step switch
    {
        Mixes.Purchase => 2000,
        Mixes.Scan or Mixes.Code => 200,
        _ => 1000,
    };

    private static ServiceUse Use(string service, IReadOnlyList<Reading> readings)
    {
        var (first, last) = (readings[0], readings[^1]);
        var reads = last.CacheReads - first.CacheReads;
        return new ServiceUse(service, Math.Round(readings.Average(r => r.CpuCores ?? 0), 3), Math.Round(readings.Average(r => r.PoolUsed ?? 0), 2), readings.Max(r => r.PoolUsed ?? 0), readings.Max(r => r.PoolMax ?? 0), readings.Max(r => r.PoolWaiting ?? 0),
            Math.Round(readings.Where(r => r.BatchMean is not null).Select(r => r.BatchMean!.Value).DefaultIfEmpty(0).Average(), 2), reads is > 0 ? Math.Round((last.CacheHits - first.CacheHits)!.Value / reads.Value, 4) : null);
    }

    private static MemoryUse Memorise(string service, IReadOnlyList<Reading> readings, double seconds)
    {
        var points = readings.Where(r => r.MemoryBytes is not null).Select(r => (At: r.AtSeconds, MiB: r.MemoryBytes!.Value / MiB)).ToList();
        if (points.Count == 0) return new MemoryUse(service, 0, 0, 0, null);
        var late = points.Skip(points.Count / 2).ToList();
        return new MemoryUse(service, Math.Round(points[0].MiB), Math.Round(points.Max(p => p.MiB)), Math.Round(points[^1].MiB), seconds >= EnoughSecondsForGrowth ? Math.Round(Slope(late) * 3600) : null);
    }

    // Least squares, MiB a second.
    private static double Slope(List<(double At, double MiB)> points)
    {
        var (meanAt, meanMiB) = (points.Average(p => p.At), points.Average(p => p.MiB));
        var spread = points.Sum(p => (p.At - meanAt) * (p.At - meanAt));
        return spread == 0 ? 0 : points.Sum(p => (p.At - meanAt) * (p.MiB - meanMiB)) / spread;
    }

    private static List<Moment> Chart(Phase phase, Samples samples, IReadOnlyList<Reading> readings, double seconds)
    {
        var width = Math.Max(1, seconds / ChartPoints);
        var answers = samples.Steps.Where(step => step != Mixes.Health).SelectMany(samples.Of).ToLookup(s => (int)(s.AtSeconds / width));
        var own = readings.Where(r => r.Service == phase.Service).ToLookup(r => (int)(r.AtSeconds / width));
        return [.. Enumerable.Range(0, (int)Math.Ceiling(seconds / width)).Select(n => new Moment(
            Math.Round(n * width, 1), Math.Round(answers[n].Count() / width, 1), Math.Round(Samples.Percentile(answers[n].Select(s => s.LatencyMs), 0.95), 1),
            Math.Round(own[n].Select(r => (r.MemoryBytes ?? 0) / MiB).DefaultIfEmpty(0).Max(), 1), Math.Round(own[n].Select(r => r.CpuCores ?? 0).DefaultIfEmpty(0).Average(), 3)))];
    }
}
