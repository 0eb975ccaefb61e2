namespace AdmitOne.Tickets.Inventory;

/// <summary>Tells when the last ticket of a type is bought, and when there are tickets again. What is held is not sold, so a hold tells nothing.</summary>
internal static class SoldOut
{
    /// <summary>Of the types that a batch has in hand: one whose section was filled or emptied by another type is among them or tells at its own next change.</summary>
    public static void Tell(StockView view, StockChanges changes, Guid eventId)
    {
        foreach (var type in view.Types.Values.Where(t => !t.IsDeleted))
        {
            if (type is { UnsoldBefore: > 0, Unsold: <= 0 }) changes.Tell(view.Now, "ticket_type.sold_out", type.Id, Data(type));
            else if (type is { UnsoldBefore: <= 0, Unsold: > 0 }) changes.Tell(view.Now, "ticket_type.stock_returned", type.Id, Data(type));
        }

        object Data(TypeState type) => new { eventId, TicketTypeId = type.Id, type.Quantity, type.Sold };
    }
}
