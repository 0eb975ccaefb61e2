using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Retention;

/// <summary>One kind of old rows.</summary>
/// <param name="Kind">Its word in the metric and the log.</param>
/// <param name="Function">Removes at most <c>limit</c> rows older than <c>keep</c>, of all tenants, and says how many: <c>schema.name</c>.</param>
public sealed record Sweep(string Kind, string Function, Func<RetentionOptions, int> KeptDays);

/// <summary>
/// Removes what has been kept long enough, a thousand rows at a time with a pause after each, so that no sale notices. Every replica sweeps;
/// what another one has just removed is not there any more.
/// </summary>
internal sealed partial class RetentionWorker(
    IEnumerable<Sweep> sweeps, Database database, IOptions<RetentionOptions> options, RetentionMetrics metrics, TimeProvider clock, ILogger<RetentionWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(options.Value.SweepSeconds), clock, logger)
{
    private const int Batch = 1000;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly TimeProvider _clock = clock;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        foreach (var sweep in sweeps)
        {
            var keep = TimeSpan.FromDays(sweep.KeptDays(options.Value));
            var total = 0;
            int gone;
            do
            {
                gone = (await database.AskForAllTenantsAsync<int>($"select {sweep.Function}(@keep, @Batch)", new { keep, Batch }, cancellationToken))[0];
                total += gone;
                metrics.Removed(sweep.Kind, gone);
                if (gone > 0) await Task.Delay(s_pause, _clock, cancellationToken);
            }
            while (gone >= Batch);
            if (total > 0) Swept(total, sweep.Kind, keep.Days);
        }
    }

    [LoggerMessage(EventId = 1351, Level = LogLevel.Information, Message = "Removed {Count} {Kind} older than {Days} days")]
    private partial void Swept(int count, string kind, int days);
}
