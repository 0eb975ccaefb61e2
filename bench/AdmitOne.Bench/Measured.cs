namespace AdmitOne.Bench;

/// <summary>A yardstick and the product, measured one right after the other.</summary>
/// <param name="CpuMicrosEach">Microseconds of CPU for each effect, by part; all processes on all cores.</param>
internal sealed record Pair(
    double PerSecond, double YardstickPerSecond, int YardstickClients, double Ratio, double P50Ms, double P95Ms, double P99Ms, long RowsCounted, long Refused,
    IReadOnlyDictionary<string, double> CpuMicrosEach, double GeneratorCpuShare);

/// <summary>One row of the results: medians over its pairs.</summary>
internal sealed record Row(
    string Path, int Connections, double PerSecond, double YardstickPerSecond, double Ratio, IReadOnlyList<Pair> Pairs, long RowsCounted, double P95Ms, bool VerifyClean)
{
    /// <summary>Pairs whose ratios differ by more than this are repeated; if they still do, the row says so.</summary>
    public const double FarApart = 1.3;

    public bool IsNoisy => Pairs.Max(p => p.Ratio) > FarApart * Pairs.Min(p => p.Ratio);

    public static Row Of(string path, int connections, IReadOnlyList<Pair> pairs, bool verifyClean) => new(
        path, connections, Median(pairs, p => p.PerSecond), Median(pairs, p => p.YardstickPerSecond), Median(pairs, p => p.Ratio), pairs,
        pairs.Sum(p => p.RowsCounted), Median(pairs, p => p.P95Ms), verifyClean);

    public static double Median(IReadOnlyList<Pair> pairs, Func<Pair, double> of)
    {
        var sorted = pairs.Select(of).Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <param name="LoadBefore">The machine's load average of the last minute before anything was started: near 0 if it had nothing else to do.</param>
internal sealed record Machine(string Cpu, int Cores, int MemoryGiB, string System, string PostgreSql, string Redis, string DotNet, string Commit, double LoadBefore);

/// <param name="NewPeoplePerSecond">First holds of buyers that the service had never seen.</param>
internal sealed record Results(Machine Machine, DateTimeOffset At, IReadOnlyList<Row> Rows, double NewPeoplePerSecond);
