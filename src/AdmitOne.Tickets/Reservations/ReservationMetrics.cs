using System.Diagnostics.Metrics;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;

namespace AdmitOne.Tickets.Reservations;

/// <summary>Holds by what became of them.</summary>
public sealed class ReservationMetrics
{
    private static readonly string[] s_results = ["held", InventoryProblems.InsufficientInventory.Code, InventoryProblems.SalesNotOpen.Code, "limit", "overloaded", "refused"];

    private readonly Counter<long> _answered;

    public ReservationMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _answered = meters.Create("AdmitOne.Reservations").CreateCounter<long>("admitone.reservations.answered", "{reservation}", "Holds asked for, by result.");
        foreach (var result in s_results) _answered.Add(0, new KeyValuePair<string, object?>("result", result));
    }

    public void Answered(Refusal? refusal) => _answered.Add(1, new KeyValuePair<string, object?>("result", refusal?.Type.Code switch
    {
        null => "held",
        { } code when code.StartsWith("limit_", StringComparison.Ordinal) => "limit",
        { } code when s_results.Contains(code) => code,
        _ => "refused",
    }));
}
