using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Telemetry;

/// <summary>
/// Requests by the class of their status, there from the start, so that no errors reads as 0 and not as no data. Probes and scrapes are left out:
/// on a quiet day they would hide every error behind their successes.
/// </summary>
public sealed class RequestMetrics
{
    private static readonly KeyValuePair<string, object?>[] s_classes = Array.ConvertAll(["2xx", "3xx", "4xx", "5xx"], word => new KeyValuePair<string, object?>("class", word));
    private static readonly KeyValuePair<string, object?> s_forbidden = new("reason", "forbidden");
    private static readonly KeyValuePair<string, object?> s_limited = new("reason", "rate_limited");

    private readonly Counter<long> _answered;
    private readonly Counter<long> _blocked;

    public RequestMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Requests");
        _answered = meter.CreateCounter<long>("admitone.requests.answered", "{request}", "Requests by the class of their status, without probes and scrapes.");
        _blocked = meter.CreateCounter<long>("admitone.requests.blocked", "{request}", "Requests answered 403 or 429, by which of the two.");
        foreach (var tag in s_classes) _answered.Add(0, tag);
        _blocked.Add(0, s_forbidden);
        _blocked.Add(0, s_limited);
    }

    internal void Answered(int status)
    {
        _answered.Add(1, s_classes[Math.Clamp(status / 100, 2, 5) - 2]);
        if (status == StatusCodes.Status403Forbidden) _blocked.Add(1, s_forbidden);
        if (status == StatusCodes.Status429TooManyRequests) _blocked.Add(1, s_limited);
    }
}
