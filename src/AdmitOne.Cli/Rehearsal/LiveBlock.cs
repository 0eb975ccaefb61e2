using System.Globalization;
using AdmitOne.Cli.Load;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>What is going on, while it goes on: on a terminal a block that is written over, elsewhere a line now and then.</summary>
internal sealed class LiveBlock(TextWriter output, bool isTerminal)
{
    private const int RecentAnswers = 200;
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(2);

    public async Task RunAsync(Func<IReadOnlyList<string>> lines, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(isTerminal ? s_every : s_line);
        var shown = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop)) shown = await ShowAsync(lines(), shown);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await ShowAsync(lines(), shown);
        }
    }

    public static IReadOnlyList<string> Lines(ArrivalCurve curve, ArrivalClock clock, int entered, IReadOnlyList<Visit> ended, Samples samples, ServiceWatch watch)
    {
        var (sold, errors) = (ended.Sum(v => v.Tickets.Count), ended.Count(v => RehearsalResult.IsError(v.Outcome)));
        var refused = ended.Count(v => v.Outcome != Samples.Fine) - errors;
        string P95(string step) => samples.LatestMs(step, RecentAnswers) is { Length: > 0 } latest ? string.Create(CultureInfo.InvariantCulture, $"{Samples.Percentile(latest, 0.95):N0} ms") : "-";
        var last = watch.Readings.GroupBy(r => r.Service).Select(g => g.Last());
        return
        [
            Text($"  {clock.NowSeconds,5:N1} s of {curve.Within.TotalSeconds:N0}   arrived {entered:N0} of {curve.Arrivals:N0}   inside {entered - ended.Count:N0}   sold {sold:N0}   refused {refused:N0}   errors {errors:N0}"),
            $"  p95 of the latest: {string.Join("   ", BuyerVisit.Steps.Select(step => $"{step} {P95(step)}"))}",
            .. last.Select(r => Text($"  {r.Service}: {r.CpuCores ?? 0:N2} cores   pool {r.PoolUsed ?? 0:N0} of {r.PoolMax ?? 0:N0}, {r.PoolWaiting ?? 0:N0} waiting   batch {r.BatchMean ?? 0:N1}   database {r.DatabaseMs ?? 0:N1} ms")),
        ];
    }

    private async Task<int> ShowAsync(IReadOnlyList<string> lines, int shown)
    {
        if (!isTerminal)
        {
            await output.WriteLineAsync(lines[0]);
            return 0;
        }
        // Back to the block's first line, and each line cleared before it is written anew.
        var back = shown > 0 ? $"\u001b[{shown.ToString(CultureInfo.InvariantCulture)}A" : "";
        await output.WriteAsync(back + string.Concat(lines.Select(line => $"\r\u001b[2K{line}\n")));
        await output.FlushAsync();
        return lines.Count;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
