using System.Diagnostics;
using System.Threading.Channels;

namespace AdmitOne.Bench;

/// <summary>
/// Requests that arrive on a clock, whether or not the earlier ones were answered. A latency counts from the instant at which a request was due,
/// so one that had to wait for a free connection has waited, and a slow answer hides none of those behind it.
/// </summary>
internal static class OpenLoop
{
    /// <param name="answered">Told of each answer: when it was due, its latency, and whether it was the expected one.</param>
    public static async Task<LoadResult> RunAsync(Asked asked, int connections, double perSecond, TimeSpan time, Action<TimeSpan, double, bool>? answered = null)
    {
        var open = await LoadConnection.OpenAsync(asked.Url, connections);
        try
        {
            var due = Channel.CreateUnbounded<(long N, TimeSpan At)>(new UnboundedChannelOptions { SingleWriter = true });
            string? firstOther = null;
            var started = Stopwatch.GetTimestamp();
            var working = open.Select(connection => Task.Run(async () =>
            {
                var tally = new Tally();
                await foreach (var (n, at) in due.Reader.ReadAllAsync())
                {
                    var status = await connection.SendAsync(asked.Next(n));
                    var latencyMs = (Stopwatch.GetElapsedTime(started) - at).TotalMilliseconds;
                    var good = status == asked.Status && connection.Has(asked.Has);
                    tally.Answered(good ? 0 : status, latencyMs);
                    if (!good) firstOther ??= connection.LastAnswer;
                    answered?.Invoke(at, latencyMs, good);
                }
                return tally;
            })).ToArray();
            // A thread of its own: what the pool is busy with must not move the clock.
            var clock = new Thread(() => Tick(due.Writer, perSecond, time, started)) { IsBackground = true, Priority = ThreadPriority.AboveNormal };
            clock.Start();
            var tallies = await Task.WhenAll(working);
            return Tally.Sum(tallies, Stopwatch.GetElapsedTime(started), firstOther);
        }
        finally
        {
            foreach (var connection in open) connection.Dispose();
        }
    }

    private static void Tick(ChannelWriter<(long N, TimeSpan At)> due, double perSecond, TimeSpan time, long started)
    {
        for (var n = 0L; ;)
        {
            var now = Stopwatch.GetElapsedTime(started);
            for (; n / perSecond <= now.TotalSeconds; n++)
            {
                var at = TimeSpan.FromSeconds(n / perSecond);
                if (at >= time)
                {
                    due.Complete();
                    return;
                }
                due.TryWrite((n, at));
            }
            Thread.Sleep(1);
        }
    }
}
