namespace AdmitOne.Bench;

/// <summary>A yardstick and the product, measured one right after the other.</summary>
/// <param name="YardstickClients">With how many clients pgbench was best; for a bare endpoint, the connections.</param>
/// <param name="RowsCounted">In the database afterwards; of a read, answers that were whole.</param>
/// <param name="CpuMicrosEach">Microseconds of CPU for each effect, by part; all processes on all cores.</param>
internal sealed record Pair(
    double PerSecond, double YardstickPerSecond, int YardstickClients, double Ratio, double P50Ms, double P95Ms, double P99Ms, long RowsCounted, long Refused,
    IReadOnlyDictionary<string, double> CpuMicrosEach, double GeneratorCpuShare);

/// <summary>One row of the results: medians over its pairs.</summary>
internal sealed record Row(
    string Path, int Connections, double PerSecond, double YardstickPerSecond, double Ratio, IReadOnlyList<Pair> Pairs, long RowsCounted, double P95Ms, bool VerifyClean, string Commit)
{
    /// <summary>Pairs whose ratios differ by more than this are repeated; if they still do, the row says so.</summary>
    public const double FarApart = 1.3;

    public bool IsNoisy => Pairs.Max(p => p.Ratio) > FarApart * Pairs.Min(p => p.Ratio);

    public static Row Of((string Path, int Connections) what, IReadOnlyList<Pair> pairs, bool verifyClean, string commit) => new(
        what.Path, what.Connections, Median(pairs, p => p.PerSecond), Median(pairs, p => p.YardstickPerSecond), Median(pairs, p => p.Ratio), pairs,
        pairs.Sum(p => p.RowsCounted), Median(pairs, p => p.P95Ms), verifyClean, commit);

    public double Cpu(string part) => Median(Pairs, p => p.CpuMicrosEach.GetValueOrDefault(part));

    public static double Median<T>(IReadOnlyList<T> of, Func<T, double> value)
    {
        var sorted = of.Select(value).Order().ToArray();
        if (sorted.Length == 0) return 0;
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>Latency at a rate that does not wait for answers.</summary>
/// <param name="OfThroughput">The rate as a share of what the closed loop reached just before.</param>
internal sealed record LatencyRow(
    string Path, int Connections, double OfThroughput, double AskedPerSecond, double AnsweredPerSecond, double P50Ms, double P95Ms, double P99Ms, double MaxMs, long Others, string Commit);

/// <summary>What a hold costs beside so many tickets that are sold already.</summary>
/// <param name="CpuMicrosEach">Median over the slots; all processes on all cores, without the load generator.</param>
internal sealed record GrowthStep(long Sold, double CpuMicrosEach, double PostgresMicrosEach, double PerSecond);

internal sealed record Growth(IReadOnlyList<GrowthStep> Steps, string Commit)
{
    /// <summary>0.1 means that the last step costs a tenth more than the first.</summary>
    public double Grew => (Steps[^1].CpuMicrosEach / Steps[0].CpuMicrosEach) - 1;
}

/// <summary>Ten seconds of a long run.</summary>
internal sealed record Stretch(int FromSecond, double P50Ms, double P99Ms, double MaxMs, long Made, long Others);

/// <summary>A long run at a steady rate, and what the database did meanwhile.</summary>
internal sealed record Sustained(int Seconds, double AskedPerSecond, double P50Ms, double P99Ms, double MaxMs, long Made, long Others, int Checkpoints, int Vacuums,
    IReadOnlyList<Stretch> Stretches, bool VerifyClean, string Commit);

/// <summary>Many readers of many events.</summary>
/// <param name="HitRate">Answers that memory or Redis had, of all that the cache was asked for.</param>
internal sealed record ReadHeavy(int Events, int Connections, double PerSecond, double ListP50Ms, double ListP95Ms, double PageP95Ms, double HitRate, long Others, string Commit);

/// <summary>Memory of one service, in bytes.</summary>
/// <param name="AtRest">Resident, before anything was asked of it.</param>
/// <param name="Peak">The most that was ever resident.</param>
internal sealed record MemoryOf(string Service, long AtRest, long Peak);

/// <param name="LoadBefore">The machine's load average of the last minute before anything was started: near 0 if it had nothing else to do.</param>
internal sealed record Machine(string Cpu, int Cores, int MemoryGiB, string System, string PostgreSql, string Redis, string DotNet, string Commit, double LoadBefore);

/// <summary>All that was measured.</summary>
internal sealed record Results(Machine Machine, DateTimeOffset At, IReadOnlyList<Row> Rows)
{
    /// <summary>First holds of buyers that the service had never seen.</summary>
    public double NewPeoplePerSecond { get; init; }

    /// <summary>From the command `up` to ready: a new database cluster, Redis, all migrations and every service.</summary>
    public double ReadySeconds { get; init; }

    public IReadOnlyList<MemoryOf> Memory { get; init; } = [];

    public IReadOnlyList<LatencyRow> Latencies { get; init; } = [];

    public ReadHeavy? ReadHeavy { get; init; }

    public Growth? Growth { get; init; }

    public Sustained? Sustained { get; init; }

    /// <summary>What this run did not measure stays as an earlier one of this machine left it; each row names its commit.</summary>
    public Results After(Results? before)
    {
        if (before is null || before.Machine.Cpu != Machine.Cpu || before.Machine.Cores != Machine.Cores) return this;
        var rows = before.Rows.Where(old => !Rows.Any(row => (row.Path, row.Connections) == (old.Path, old.Connections))).Concat(Rows);
        var latencies = before.Latencies.Where(old => !Latencies.Any(row => row.Path == old.Path)).Concat(Latencies);
        return this with
        {
            Rows = [.. rows.OrderBy(row => Paths.Order(row.Path)).ThenBy(row => row.Connections)],
            Latencies = [.. latencies.OrderBy(row => Paths.Order(row.Path)).ThenBy(row => row.OfThroughput)],
            ReadHeavy = ReadHeavy ?? before.ReadHeavy,
            Growth = Growth ?? before.Growth,
            Sustained = Sustained ?? before.Sustained,
        };
    }
}

/// <summary>The words of the paths, in the order of the report.</summary>
internal static class Paths
{
    public const string HoldHot = "hold_hot";
    public const string Hold20 = "hold_20";
    public const string PurchaseHot = "purchase_hot";
    public const string Scan = "scan";
    public const string EventPage = "event_page";
    public const string Availability = "availability";
    public const string MyTickets = "my_tickets";

    public static readonly IReadOnlyList<string> All = [HoldHot, Hold20, PurchaseHot, Scan, EventPage, Availability, MyTickets];

    /// <summary>What each path is to reach at 256 connections; those without a goal are only told.</summary>
    public static readonly IReadOnlyDictionary<string, double> Goals = new Dictionary<string, double> { [HoldHot] = 8, [PurchaseHot] = 5, [Scan] = 2, [EventPage] = 0.7 };

    public static int Order(string path) => All.TakeWhile(name => name != path).Count();
}
