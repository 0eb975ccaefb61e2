using System.Diagnostics;

namespace AdmitOne.Cli.Load;

/// <summary>Starts each piece of work at its time, whether or not earlier ones have ended: a slow answer does not hide the next.</summary>
public sealed class ArrivalClock
{
    private static readonly TimeSpan s_roughly = TimeSpan.FromMilliseconds(3);

    private readonly Stopwatch _since = new();
    private readonly List<double> _lateMs = [];

    /// <summary>Seconds since the start; 0 before it.</summary>
    public double NowSeconds => _since.Elapsed.TotalSeconds;

    /// <summary>By how much the generator itself was late, of 99 in 100 arrivals at most; it is contained in what is measured.</summary>
    public double LateP99Ms => Samples.Percentile(_lateMs, 0.99);

    public void Start() => _since.Restart();

    /// <param name="timesSeconds">When each is to begin, in ascending order.</param>
    /// <param name="work">Gets its number and its time.</param>
    public async Task RunAsync(IReadOnlyList<double> timesSeconds, Func<int, double, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timesSeconds);
        ArgumentNullException.ThrowIfNull(work);
        var under = new List<Task>(timesSeconds.Count);
        try
        {
            for (var n = 0; n < timesSeconds.Count; n++)
            {
                await UntilAsync(timesSeconds[n], cancellationToken);
                var (number, at) = (n, timesSeconds[n]);
                _lateMs.Add((NowSeconds - at) * 1000);
                under.Add(Task.Run(() => work(number, at), CancellationToken.None));
            }
        }
        finally
        {
            await Task.WhenAll(under);
        }
    }

    /// <summary>Waits until so many seconds after the start, or not at all if that is over.</summary>
    public async Task UntilAsync(double atSeconds, CancellationToken cancellationToken)
    {
        while (TimeSpan.FromSeconds(atSeconds) - _since.Elapsed is var left && left > TimeSpan.Zero)
        {
            // A timer is late by about a millisecond; the rest is yielded away.
            if (left > s_roughly) await Task.Delay(left - s_roughly, cancellationToken);
            else await Task.Yield();
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>As <see cref="UntilAsync"/>, late by up to a timer's millisecond or two: a thousand who wait to the microsecond would wait for one another.</summary>
    public async Task UntilRoughlyAsync(double atSeconds)
    {
        if (TimeSpan.FromSeconds(atSeconds) - _since.Elapsed is var left && left > TimeSpan.Zero) await Task.Delay(left);
    }
}
