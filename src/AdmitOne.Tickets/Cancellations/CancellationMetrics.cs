using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Cancellations;

/// <summary>Orders of cancelled events.</summary>
public sealed class CancellationMetrics
{
    private readonly Counter<long> _voided;
    private readonly Counter<long> _failed;

    public CancellationMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Cancellations");
        _voided = meter.CreateCounter<long>("admitone.cancellations.voided", "{order}", "Orders of cancelled events whose tickets were voided, counted after commit.");
        _failed = meter.CreateCounter<long>("admitone.cancellations.failed", "{attempt}", "Attempts at voiding an order that failed; each is repeated.");
        Voided(0);
        _failed.Add(0);
    }

    public void Voided(int orders) => _voided.Add(orders);

    public void Failed() => _failed.Add(1);
}
