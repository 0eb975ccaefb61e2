using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>Webhooks to organisers' systems, by what became of each attempt.</summary>
public sealed class WebhookMetrics
{
    private static readonly string[] s_results = ["delivered", "failed", "gone", "dead"];

    private readonly Counter<long> _sent;

    public WebhookMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _sent = meters.Create("AdmitOne.Webhooks").CreateCounter<long>("admitone.webhooks.sent", "{attempt}", "Attempts to deliver a webhook: delivered, failed and tried again, the endpoint gone, or dead.");
        foreach (var result in s_results) _sent.Add(0, new KeyValuePair<string, object?>("result", result));
    }

    public void Answered(string result) => _sent.Add(1, new KeyValuePair<string, object?>("result", result));
}
