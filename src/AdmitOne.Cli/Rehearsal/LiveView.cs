using System.Globalization;
using AdmitOne.Cli.Load;
using AdmitOne.Cli.Terminals;
using Spectre.Console;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>What is going on, while it goes on: tables that are drawn over on a terminal, elsewhere a line every two seconds.</summary>
internal sealed class LiveView(Terminal terminal)
{
    private const int RecentAnswers = 200;
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(2);

    public Task RunAsync(Func<Moment> now, CancellationToken stop) => terminal.IsLive
        ? terminal.DrawAsync(() => Draw(now()), s_every, stop)
        : Terminal.EveryAsync(s_line, () => terminal.WriteLine(Line(now())), stop);

    internal static string Line(Moment now) => Text($"  {now.AtSeconds,5:N1} s of {now.Curve.Within.TotalSeconds:N0}   arrived {now.Entered:N0} of {now.Curve.Arrivals:N0}   inside {now.Inside:N0}   sold {now.Sold:N0}   refused {now.Refused:N0}   errors {now.Errors:N0}");

    internal static Rows Draw(Moment now)
    {
        var buyers = Table("after", "arrived", "inside", "sold", "refused", "errors").AddRow(
            Text($"{now.AtSeconds:N1} of {now.Curve.Within.TotalSeconds:N0} s"), Text($"{now.Entered:N0} of {now.Curve.Arrivals:N0}"), Text($"{now.Inside:N0}"), Text($"{now.Sold:N0}"), Text($"{now.Refused:N0}"), Text($"{now.Errors:N0}"));
        var steps = Table([.. BuyerVisit.Steps.Prepend("step")]).AddRow([.. BuyerVisit.Steps.Select(step => P95(now.Samples, step)).Prepend("p95 ms")]);
        var services = Table("service", "CPU cores", "pool", "waiting", "batch", "database ms");
        foreach (var r in now.Services.Readings.GroupBy(reading => reading.Service).Select(readings => readings.Last()))
            services.AddRow(r.Service, Text($"{r.CpuCores ?? 0:N2}"), Text($"{r.PoolUsed ?? 0:N0} of {r.PoolMax ?? 0:N0}"), Text($"{r.PoolWaiting ?? 0:N0}"), Text($"{r.BatchMean ?? 0:N1}"), Text($"{r.DatabaseMs ?? 0:N1}"));
        return new Rows(buyers, steps, services);
    }

    private static string P95(Samples samples, string step) => samples.LatestMs(step, RecentAnswers) is { Length: > 0 } latest ? Text($"{Samples.Percentile(latest, 0.95):N0}") : "–";

    private static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var (n, column) in columns.Index()) table.AddColumn(new TableColumn(new Text(column)) { Alignment = n == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Where a rehearsal has got to.</summary>
    /// <param name="Entered">Buyers who have come.</param>
    /// <param name="Ended">Those of them who have left.</param>
    internal sealed record Moment(ArrivalCurve Curve, double AtSeconds, int Entered, IReadOnlyList<Visit> Ended, Samples Samples, ServiceWatch Services)
    {
        public int Inside => Entered - Ended.Count;

        public int Sold => Ended.Sum(visit => visit.Tickets.Count);

        public int Errors => Ended.Count(visit => RehearsalResult.IsError(visit.Outcome));

        public int Refused => Ended.Count(visit => visit.Outcome != Samples.Fine) - Errors;
    }
}
