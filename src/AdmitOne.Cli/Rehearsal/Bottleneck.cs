using System.Globalization;
using System.Text.Json.Serialization;
using AdmitOne.Cli.Load;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>One thing that can run short, at its worst within a second.</summary>
/// <param name="Share">Of the limit beyond which it holds the others up: 1 and more is a bottleneck.</param>
/// <param name="Rank">Causes come before what follows from them: without a processor everything else waits, too.</param>
internal sealed record Pressure(string What, double AtSeconds, double Share, string Says, [property: JsonIgnore] int Rank);

/// <summary>Which thing ran short first, from what the services say of themselves.</summary>
internal static class Bottleneck
{
    // A lane fuller than this is one that the database, or the lane's own processor, does not keep up with.
    private const double FullBatch = 128;
    private const double BusyCores = 0.9;
    private const double BusyPool = 0.9;
    private const double LongQueue = 100;
    private const double LongDelaySeconds = 0.1;
    private const double SlowCommandMs = 100;

    /// <returns>The first to reach its limit; if several did in one second, the one that the others may follow from; if none did, null.</returns>
    public static Pressure? First(IReadOnlyList<Reading> readings, IReadOnlyList<(double At, double Busy)> machine, int limited) =>
        All(readings, machine).Where(p => p.Share >= 1).OrderBy(p => Math.Floor(p.AtSeconds)).ThenBy(p => p.Rank).ThenByDescending(p => p.Share).FirstOrDefault()
        ?? (limited > 0 ? new Pressure("rate limits", 0, 1, $"{limited} calls were answered 429 rate_limited", Rank: 0) : null);

    /// <summary>The worst of each thing, the tightest first.</summary>
    public static IReadOnlyList<Pressure> Worst(IReadOnlyList<Reading> readings, IReadOnlyList<(double At, double Busy)> machine) =>
        [.. All(readings, machine).GroupBy(p => p.What).Select(same => same.MaxBy(p => p.Share)!).OrderByDescending(p => p.Share)];

    private static IEnumerable<Pressure> All(IReadOnlyList<Reading> readings, IReadOnlyList<(double At, double Busy)> machine) =>
        readings.SelectMany(Of).Concat(machine.Select(m => new Pressure("this machine's CPU", m.At, m.Busy / BusyCores, Say($"{m.Busy:P0} busy, the load generator included"), Rank: 0)));

    private static IEnumerable<Pressure> Of(Reading r)
    {
        if (r is { CpuCores: { } cores, CpuCount: > 0 and { } count }) yield return new($"CPU of the {r.Service}", r.AtSeconds, cores / count / BusyCores, Say($"{cores:N2} of {count:N0} cores"), Rank: 1);
        if (r is { PoolUsed: { } used, PoolMax: > 0 and { } max })
            yield return new($"database pool of the {r.Service}", r.AtSeconds, r.PoolWaiting > 0 ? Math.Max(1, used / max / BusyPool) : used / max / BusyPool, Say($"{used:N0} of {max:N0} connections in use, {r.PoolWaiting ?? 0:N0} waiting"), Rank: 3);
        if (r.BatchMean is { } batch) yield return new($"lanes of the {r.Service}", r.AtSeconds, batch / FullBatch, Say($"{batch:N0} commands in a batch of at most 256"), Rank: 4);
        if (r.ThreadQueue is { } queue) yield return new($"threads of the {r.Service}", r.AtSeconds, queue / LongQueue, Say($"{queue:N0} pieces of work waiting for a thread"), Rank: 5);
        if (r.ThreadDelaySeconds is { } delay) yield return new($"thread delay of the {r.Service}", r.AtSeconds, delay / LongDelaySeconds, Say($"{delay * 1000:N0} ms until a thread was free"), Rank: 5);
        if (r.DatabaseMs is { } command) yield return new($"PostgreSQL as the {r.Service} sees it", r.AtSeconds, command / SlowCommandMs, Say($"{command:N0} ms for a command on average"), Rank: 2);
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
