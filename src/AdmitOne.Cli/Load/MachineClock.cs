using System.Globalization;

namespace AdmitOne.Cli.Load;

/// <summary>How busy this machine's cores are, second by second, as Linux' /proc/stat says.</summary>
public sealed class MachineClock(ArrivalClock clock)
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(1);

    private readonly List<(double At, double Busy)> _readings = [];

    /// <summary>0 to 1; empty where there is no /proc.</summary>
    public IReadOnlyList<(double At, double Busy)> Readings
    {
        get
        {
            lock (_readings) return [.. _readings];
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        if (!File.Exists("/proc/stat")) return;
        using var timer = new PeriodicTimer(s_every);
        var before = Read();
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                var now = Read();
                if (now.All > before.All)
                    lock (_readings) _readings.Add((clock.NowSeconds, 1 - ((now.Idle - before.Idle) / (now.All - before.All))));
                before = now;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The load is over.
        }
    }

    // "cpu  user nice system idle iowait irq softirq steal ..."
    private static (double All, double Idle) Read()
    {
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        return (ticks.Sum(), ticks[3] + ticks[4]);
    }
}
