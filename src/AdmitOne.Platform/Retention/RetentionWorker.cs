using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Retention;

/// <summary>One kind of old rows.</summary>
/// <param name="Kind">Its word in the metric and the log.</param>
/// <param name="Function">
/// <c>schema.name(older_than interval, row_limit integer, after text)</c>: of all tenants it looks at <c>row_limit</c> old rows or fewer from <c>after</c> on, removes those that
/// need not stay, and returns how many it removed and the next <c>after</c>, null at the end.
/// </param>
public sealed record Sweep(string Kind, string Function, Func<RetentionOptions, int> KeptDays);

/// <summary>
/// Removes what has been kept long enough, in steps of at most two thousand rows with a pause after each that is as long as the step was, so that no sale
/// notices. A sweep that fails does not stop those after it. Every replica sweeps; what another one has just removed is not there any more.
/// </summary>
internal sealed partial class RetentionWorker(
    IEnumerable<Sweep> sweeps, Database database, IOptions<RetentionOptions> options, RetentionMetrics metrics, TimeProvider clock, ILogger<RetentionWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(options.Value.SweepSeconds), clock, logger)
{
    private const int RowsAtOnce = 2000;
    private static readonly TimeSpan s_leastPause = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _clock = clock;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        foreach (var sweep in sweeps)
        {
            try
            {
                await SweepAsync(sweep, cancellationToken);
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                metrics.Failed(sweep.Kind);
                SweepFailed(fault, sweep.Kind);
            }
        }
    }

    private async Task SweepAsync(Sweep sweep, CancellationToken cancellationToken)
    {
        var keep = TimeSpan.FromDays(sweep.KeptDays(options.Value));
        var total = 0;
        string? after = null;
        do
        {
            var begun = _clock.GetTimestamp();
            var step = (await database.SweepForAllTenantsAsync<Step>($"select removed, next from {sweep.Function}(@keep, @RowsAtOnce, @after)", new { keep, RowsAtOnce, after }, cancellationToken))[0];
            (after, total) = (step.Next, total + step.Removed);
            metrics.Removed(sweep.Kind, step.Removed);
            if (after is null) break;
            var took = _clock.GetElapsedTime(begun);
            await Task.Delay(took > s_leastPause ? took : s_leastPause, _clock, cancellationToken);
        }
        while (true);
        if (total > 0) Swept(total, sweep.Kind, keep.Days);
    }

    [LoggerMessage(EventId = 1351, Level = LogLevel.Information, Message = "Removed {Count} {Kind} older than {Days} days")]
    private partial void Swept(int count, string kind, int days);

    [LoggerMessage(EventId = 1352, Level = LogLevel.Error, Message = "The sweep of {Kind} failed and will be tried again; the sweeps after it go on")]
    private partial void SweepFailed(Exception fault, string kind);

    private sealed class Step
    {
        public int Removed { get; init; }
        public string? Next { get; init; }
    }
}
