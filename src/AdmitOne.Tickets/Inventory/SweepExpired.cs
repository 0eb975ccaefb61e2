namespace AdmitOne.Tickets.Inventory;

/// <summary>How many rows went back to sale.</summary>
public sealed record Swept(int Rows);

/// <summary>Has the expired holds of some types released: what every batch does anyway for the types that it touches.</summary>
public sealed class SweepExpired(Guid tenantId, Guid eventId, IReadOnlyList<Guid> ticketTypeIds) : StockCommand<Swept>(tenantId, eventId)
{
    internal override IEnumerable<Guid> TicketTypeIds => ticketTypeIds;

    private protected override Answer<Swept> Rule(StockView view, StockChanges changes) => new Swept(changes.Expired);

    /// <summary>An expired hold is expired from its time on: its tickets are back before the first command of the batch is decided.</summary>
    internal static void First(StockView view, StockChanges changes)
    {
        foreach (var row in view.Expired)
        {
            view.Types[row.TicketTypeId].Move(heldBy: -row.Quantity, soldBy: 0);
            changes.HoldMoves.Add(new HoldMove(row.Id, "expired"));
            changes.Expired++;
            changes.NeverPaid += row.Quantity;
            if (view.Holds.TryGetValue(row.HoldId, out var hold)) view.Holds[row.HoldId] = hold.ConvertAll(r => r.Id == row.Id ? r with { Status = "expired" } : r);
        }
    }
}
