using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Workers;

/// <summary>Which workers of this replica still get their work done, read from them when they are asked.</summary>
public sealed class WorkerMetrics
{
    private readonly Lazy<(PeriodicWorker Worker, KeyValuePair<string, object?> Tag)[]> _workers;

    public WorkerMetrics(IMeterFactory meters, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(meters);
        // Not before they are asked: the workers may need what counts them.
        _workers = new(() => [.. services.GetServices<IHostedService>().OfType<PeriodicWorker>().Select(worker => (worker, new KeyValuePair<string, object?>("worker", Word(worker))))]);
        var meter = meters.Create("AdmitOne.Workers");
        meter.CreateObservableGauge("admitone.worker.last_success.timestamp",
            () => _workers.Value.Select(w => new Measurement<double>((w.Worker.LastSuccess?.ToUnixTimeMilliseconds() ?? 0) / 1000.0, w.Tag)),
            "s", "When a worker's step last ended well, in seconds since 1970; 0 if none has yet.");
        meter.CreateObservableGauge("admitone.worker.period", () => _workers.Value.Select(w => new Measurement<double>(w.Worker.Period.TotalSeconds, w.Tag)),
            "s", "The longest pause that a worker makes between two steps.");
        meter.CreateObservableCounter("admitone.worker.failed", () => _workers.Value.Select(w => new Measurement<long>(w.Worker.Failures, w.Tag)),
            "{step}", "Steps of a worker that failed; each is tried again at the next beat.");
    }

    private static string Word(PeriodicWorker worker) => JsonNamingPolicy.SnakeCaseLower.ConvertName(worker.GetType().Name);
}
