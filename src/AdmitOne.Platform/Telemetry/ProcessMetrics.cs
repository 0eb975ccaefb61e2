using System.Diagnostics;
using System.Diagnostics.Metrics;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Telemetry;

/// <summary>When this process was started, and how long its thread pool lets work wait. Memory, processor time and collections are the runtime's own metrics.</summary>
public sealed class ProcessMetrics
{
    private readonly Histogram<double> _delay;

    public ProcessMetrics(IMeterFactory meters, IOptions<ServiceOptions> options)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(options);
        var meter = meters.Create("AdmitOne.Process");
        var started = StartedAt();
        meter.CreateObservableGauge("admitone.process.start.timestamp", () => started, "s", "When the process was started, in seconds since 1970; it changes with each start.");
        meter.CreateObservableGauge("admitone.thread_pool.waiting", () => ThreadPool.PendingWorkItemCount, "{item}", "Work that waits for a thread of the pool.");
        meter.CreateObservableGauge("admitone.process.memory.limit", () => GC.GetGCMemoryInfo(GCKind.Any).TotalAvailableMemoryBytes,
            "By", "How much memory the runtime may commit for objects: the share of the container's limit, or of the machine's memory, that it allows itself.");
        meter.CreateObservableGauge("admitone.connections.max", () => options.Value.MaxConnections, "{connection}", "So many connections may be open on each port (MAX_CONNECTIONS).");
        _delay = meter.CreateHistogram<double>("admitone.thread_pool.delay", "s", "How long a piece of work waited for a thread of the pool, tried twice a second.");
    }

    internal void Waited(TimeSpan delay) => _delay.Record(delay.TotalSeconds);

    private static double StartedAt()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000.0;
    }
}
