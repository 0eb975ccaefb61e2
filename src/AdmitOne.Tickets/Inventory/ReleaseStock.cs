using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Inventory;

/// <summary>The hold is no longer there; whether by this call or before makes no difference to its owner.</summary>
public sealed record HoldGone;

/// <summary>Gives a hold's tickets back at once. Doing it again, or after it expired, is fine and changes nothing.</summary>
public sealed class ReleaseStock(Guid tenantId, Guid eventId, Guid userId, Guid holdId, IReadOnlyList<Guid> ticketTypeIds) : StockCommand<HoldGone>(tenantId, eventId)
{
    internal override IEnumerable<Guid> TicketTypeIds => ticketTypeIds;

    internal override Guid? HoldId => holdId;

    private protected override Answer<HoldGone> Rule(StockView view, StockChanges changes)
    {
        if (!view.Holds.TryGetValue(holdId, out var rows)) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != userId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");
        switch (rows[0].Status)
        {
            case "completed": return InventoryProblems.ReservationNotHeld.With("It was bought; refund the order instead.");
            case not "held": return new HoldGone();
        }
        if (rows[0].OrderId is not null) return InventoryProblems.ReservationNotHeld.With("It is being paid; it goes back by itself if the payment fails.");
        if (view.HasOtherTypes(rows)) return InventoryProblems.ReservationChanged.With("It was changed a moment ago; release it again.");
        End(view, changes, rows, "released");
        return new HoldGone();
    }

    /// <summary>Gives the tickets of held rows back to sale, and says how that came.</summary>
    internal static void End(StockView view, StockChanges changes, List<HeldRow> rows, string status)
    {
        foreach (var row in rows)
        {
            view.Types[row.TicketTypeId].Move(heldBy: -row.Quantity, soldBy: 0);
            if (status != "expired") view.CollectHeld(row.UserId, row.TicketTypeId, -row.Quantity);   // what has expired was not counted
            changes.HoldMoves.Add(new HoldMove(row.Id, status));
        }
        view.Holds[rows[0].HoldId] = rows.ConvertAll(row => row with { Status = status });
    }
}
