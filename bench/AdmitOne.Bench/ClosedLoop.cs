using System.Diagnostics;
using AdmitOne.Platform.Hosting;

namespace AdmitOne.Bench;

/// <summary>What a load came to.</summary>
/// <param name="Made">Answers that were expected, each of which must have had its effect.</param>
/// <param name="Others">Every other answer, by status.</param>
/// <param name="Took">From the first request to the last answer.</param>
/// <param name="LatenciesMs">Of all answers, in ascending order.</param>
/// <param name="FirstOther">The first answer that was not expected, to say why.</param>
internal sealed record LoadResult(long Made, IReadOnlyDictionary<int, long> Others, TimeSpan Took, double[] LatenciesMs, string? FirstOther)
{
    public double PerSecond => Made / Took.TotalSeconds;

    public double PercentileMs(double share) => Percentile(LatenciesMs, share);

    public static double Percentile(double[] ascending, double share) => ascending.Length == 0 ? 0 : ascending[Math.Min(ascending.Length - 1, (int)(ascending.Length * share))];
}

/// <summary>What to ask, and which answer is the one.</summary>
/// <param name="Next">The bytes of the n-th request, counted over all connections.</param>
/// <param name="Has">Bytes that a good answer has, beside its status.</param>
internal sealed record Asked(Uri Url, Func<long, ReadOnlyMemory<byte>> Next, int Status, byte[]? Has = null);

/// <summary>A fixed number of connections, each of which sends its next request when it has the answer to the last: throughput, not latency at a rate.</summary>
internal static class ClosedLoop
{
    /// <param name="enough">Whether the n-th is no longer to be sent.</param>
    public static async Task<LoadResult> RunAsync(Asked asked, int connections, Func<long, TimeSpan, bool> enough)
    {
        var open = await LoadConnection.OpenAsync(asked.Url, connections);
        // What it asks, product and bare endpoint alike, must not be pushed aside by the asking. pgbench is started afterwards, under the usual policy.
        CpuScheduling.UseBatch();
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
                    var status = await connection.SendAsync(asked.Next(n));
                    var good = status == asked.Status && connection.Has(asked.Has);
                    tally.Answered(good ? 0 : status, Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                    if (!good) firstOther ??= connection.LastAnswer;
                }
                return tally;
            })));
            return Tally.Sum(tallies, Stopwatch.GetElapsedTime(started), firstOther);
        }
        finally
        {
            CpuScheduling.UseOther();
            foreach (var connection in open) connection.Dispose();
        }
    }
}

/// <summary>The answers of one connection.</summary>
internal sealed class Tally
{
    private readonly Dictionary<int, long> _others = [];
    private readonly List<double> _latenciesMs = new(4_000);
    private long _made;

    /// <param name="otherStatus">0 for the answer that was expected.</param>
    public void Answered(int otherStatus, double latencyMs)
    {
        if (otherStatus == 0) _made++;
        else _others[otherStatus] = _others.GetValueOrDefault(otherStatus) + 1;
        _latenciesMs.Add(latencyMs);
    }

    public static LoadResult Sum(IReadOnlyList<Tally> tallies, TimeSpan took, string? firstOther) => new(
        tallies.Sum(t => t._made), tallies.SelectMany(t => t._others).GroupBy(s => s.Key, s => s.Value).ToDictionary(g => g.Key, g => g.Sum()), took,
        [.. tallies.SelectMany(t => t._latenciesMs).Order()], firstOther);
}
