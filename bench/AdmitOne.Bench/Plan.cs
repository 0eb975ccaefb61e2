namespace AdmitOne.Bench;

/// <summary>What one run measures.</summary>
internal sealed record Plan(IReadOnlyList<(string Path, int Connections)> Contests, IReadOnlyList<string> Latencies, bool Growth, bool Reads, int SustainedSeconds)
{
    /// <summary>The number of connections at which the goals count.</summary>
    public const int Usual = 256;

    private const string LatencyWord = "latency";
    private const string GrowthWord = "growth";
    private const string ReadsWord = "reads";

    private static readonly string[] s_latencies = [Paths.HoldHot, Paths.PurchaseHot, Paths.Scan, Paths.EventPage];
    private static readonly int[] s_connections = [Usual, 16, 64, 1000];

    /// <summary>Latency at a rate is measured with as many as the first contest.</summary>
    public int LatencyConnections => Contests.Count > 0 ? Contests[0].Connections : Usual;

    /// <param name="words">Separated by commas; null for everything.</param>
    /// <exception cref="BenchException">A word names nothing.</exception>
    public static Plan Of(string? words, bool quick, int[] connections, int sustainedSeconds)
    {
        if (sustainedSeconds > 0) return new Plan([], [], Growth: false, Reads: false, sustainedSeconds);
        var known = Paths.All.Append(LatencyWord).Append(GrowthWord).Append(ReadsWord).ToArray();
        var named = words?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? (quick ? [Paths.HoldHot, Paths.PurchaseHot] : known);
        if (named.Except(known).FirstOrDefault() is { } unknown) throw new BenchException($"there is no path {unknown}: {string.Join(", ", known)}");

        var at = connections.Length > 0 ? connections : quick ? [Usual] : s_connections;
        // What the goals are about comes first, so that a run that is stopped has it.
        var contests = at.SelectMany(_ => Paths.All.Where(named.Contains), (number, path) => (path, number)).ToArray();
        return new Plan(contests, named.Contains(LatencyWord) ? [.. s_latencies.Where(named.Contains)] : [],
            named.Contains(GrowthWord), named.Contains(ReadsWord), 0);
    }
}
