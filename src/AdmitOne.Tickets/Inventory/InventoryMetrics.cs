using System.Diagnostics.Metrics;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What the lanes do, counted after commit.</summary>
public sealed class InventoryMetrics
{
    private readonly Counter<long> _sold;
    private readonly Counter<long> _refunded;
    private readonly Counter<long> _expired;
    private readonly Counter<long> _neverPaid;
    private readonly Histogram<int> _combined;
    private long? _held;
    private long? _drift;

    public InventoryMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create("AdmitOne.Inventory");
        _sold = meter.CreateCounter<long>("admitone.tickets.sold", "{ticket}", "Tickets sold, counted after commit.");
        _refunded = meter.CreateCounter<long>("admitone.tickets.refunded", "{ticket}", "Tickets refunded or cancelled, whose places went back on sale, counted after commit.");
        _expired = meter.CreateCounter<long>("admitone.reservations.expired", "{row}", "Held rows whose time ran out and whose stock went back.");
        _neverPaid = meter.CreateCounter<long>("admitone.reservations.never_paid", "{place}", "Places that were held, kept from others, and not paid for in time.");
        _combined = meter.CreateHistogram<int>("admitone.lane.batch.size", "{command}", "Commands that one transaction of a lane combined.");
        meter.CreateObservableGauge("admitone.reservations.active", () => Known(_held), "{row}", "Held rows of all organisers, counted in the database each 15 s; each replica tells the same.");
        meter.CreateObservableGauge("admitone.inventory.drift", () => Known(_drift), "{ticket}",
            "By how many tickets the counters of stock differ from the rows they count, over all events that have not been over for a day. It must be 0.");
        Sold(0);
        Refunded(0);
        Expired(0);
        NeverPaid(0);
    }

    public void Sold(int tickets) => _sold.Add(tickets);

    public void Refunded(int tickets) => _refunded.Add(tickets);

    public void Expired(int rows) => _expired.Add(rows);

    public void NeverPaid(int places) => _neverPaid.Add(places);

    public void Combined(int commands) => _combined.Record(commands);

    public void Held(long rows) => _held = rows;

    public void Recounted(long drift) => _drift = drift;

    // Nothing is said of what has not been counted yet.
    private static IEnumerable<Measurement<long>> Known(long? value) => value is { } known ? [new Measurement<long>(known)] : [];
}
