using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Whether whoever reads the log keeps up.</summary>
internal sealed class LogMetrics
{
    public LogMetrics(IMeterFactory meters, LogLines lines) => meters.Create("AdmitOne.Log").CreateObservableCounter(
        "admitone.log.dropped", () => lines.Dropped, "{line}", "Log lines that were not written, because whoever reads our output stood still.");
}
