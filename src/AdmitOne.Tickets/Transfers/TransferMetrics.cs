using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Transfers;

/// <summary>Offers of tickets by what became of them, counted after commit. Those that end with their ticket are counted where it is refunded or blocked.</summary>
public sealed class TransferMetrics
{
    private static readonly string[] s_results = ["offered", "accepted", "declined", "cancelled", "expired", "refused"];

    private readonly Counter<long> _answered;

    public TransferMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _answered = meters.Create("AdmitOne.Transfers").CreateCounter<long>("admitone.transfers.answered", "{transfer}", "Offers of tickets, by what became of them; refused ones changed nothing.");
        foreach (var result in s_results) Add(result, 0);
    }

    public void Offered() => Add("offered", 1);

    public void Accepted() => Add("accepted", 1);

    public void Declined() => Add("declined", 1);

    public void Cancelled() => Add("cancelled", 1);

    public void Expired(int offers) => Add("expired", offers);

    public void Refused() => Add("refused", 1);

    private void Add(string result, int count) => _answered.Add(count, new KeyValuePair<string, object?>("result", result));
}
