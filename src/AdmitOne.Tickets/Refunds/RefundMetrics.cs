using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Refunds;

/// <summary>Money on its way back.</summary>
public sealed class RefundMetrics
{
    private static readonly string[] s_results = ["succeeded", "failed"];

    private readonly Counter<long> _sent;

    public RefundMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _sent = meters.Create("AdmitOne.Refunds").CreateCounter<long>("admitone.refunds.sent", "{attempt}", "Attempts to send a refund's money back, by result; a failed one is repeated.");
        foreach (var result in s_results) _sent.Add(0, new KeyValuePair<string, object?>("result", result));
    }

    public void Sent(bool succeeded) => _sent.Add(1, new KeyValuePair<string, object?>("result", succeeded ? "succeeded" : "failed"));
}
