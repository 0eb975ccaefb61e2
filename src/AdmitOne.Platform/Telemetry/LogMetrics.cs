using System.Diagnostics.Metrics;

namespace AdmitOne.Platform.Telemetry;

/// <summary>Whether the log's output takes its lines: standard output is read, the disk of <c>LOG_FILE</c> has room.</summary>
internal sealed class LogMetrics
{
    public LogMetrics(IMeterFactory meters, LogLines lines)
    {
        var meter = meters.Create("AdmitOne.Log");
        meter.CreateObservableCounter("admitone.log.dropped", () => lines.Dropped, "{line}", "Log lines that were dropped, because 10 000 of them already waited for an output that took none.");
        meter.CreateObservableGauge("admitone.log.stalled", () => lines.Stalled.TotalSeconds, "s", "How long the log's output has taken nothing while lines wait: its reader has stopped, or its disk is full.");
    }
}
