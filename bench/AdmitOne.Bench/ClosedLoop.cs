using System.Diagnostics;

namespace AdmitOne.Bench;

/// <summary>What a load came to.</summary>
/// <param name="Made">Answers 201, each of which must have had its effect.</param>
/// <param name="Others">Every other answer, by status.</param>
/// <param name="Took">From the first request to the last answer.</param>
/// <param name="LatenciesMs">Of all answers, in ascending order.</param>
/// <param name="FirstOther">The first answer that was not a 201, to say why.</param>
internal sealed record LoadResult(long Made, IReadOnlyDictionary<int, long> Others, TimeSpan Took, double[] LatenciesMs, string? FirstOther)
{
    public double PerSecond => Made / Took.TotalSeconds;

    public double PercentileMs(double share) => LatenciesMs.Length == 0 ? 0 : LatenciesMs[Math.Min(LatenciesMs.Length - 1, (int)(LatenciesMs.Length * share))];
}

/// <summary>A fixed number of connections, each of which sends its next request when it has the answer to the last: throughput, not latency at a rate.</summary>
internal static class ClosedLoop
{
    private const int Created = 201;

    /// <param name="next">The bytes of the n-th request, counted over all connections.</param>
    /// <param name="enough">Whether the n-th is no longer to be sent.</param>
    public static async Task<LoadResult> RunAsync(Uri url, int connections, Func<long, ReadOnlyMemory<byte>> next, Func<long, TimeSpan, bool> enough)
    {
        var open = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => LoadConnection.OpenAsync(url)));
        try
        {
            var counted = -1L;
            string? firstOther = null;
            var started = Stopwatch.GetTimestamp();
            var tallies = await Task.WhenAll(open.Select(connection => Task.Run(async () =>
            {
                var tally = new Tally();
                while (Interlocked.Increment(ref counted) is var n && !enough(n, Stopwatch.GetElapsedTime(started)))
                {
                    var sent = Stopwatch.GetTimestamp();
                    var status = await connection.SendAsync(next(n));
                    tally.Answered(status, Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                    if (status != Created) firstOther ??= connection.LastAnswer;
                }
                return tally;
            })));
            var took = Stopwatch.GetElapsedTime(started);
            var statuses = tallies.SelectMany(t => t.Statuses).GroupBy(s => s.Key, s => s.Value).ToDictionary(g => g.Key, g => g.Sum());
            statuses.Remove(Created, out var made);
            return new LoadResult(made, statuses, took, [.. tallies.SelectMany(t => t.LatenciesMs).Order()], firstOther);
        }
        finally
        {
            foreach (var connection in open) connection.Dispose();
        }
    }

    private sealed class Tally
    {
        public Dictionary<int, long> Statuses { get; } = [];

        public List<double> LatenciesMs { get; } = new(10_000);

        public void Answered(int status, double latencyMs)
        {
            Statuses[status] = Statuses.GetValueOrDefault(status) + 1;
            LatenciesMs.Add(latencyMs);
        }
    }
}
