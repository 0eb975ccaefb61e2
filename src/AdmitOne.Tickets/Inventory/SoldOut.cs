namespace AdmitOne.Tickets.Inventory;

/// <summary>Tells when nobody can buy of a type any more, because nothing or less than minPerOrder is unsold, and when that ends. What is held is not sold, so a hold tells nothing.</summary>
internal static class SoldOut
{
    /// <summary>Of the types that a batch has in hand: one whose section was filled or emptied by another type is among them or tells at its own next change.</summary>
    public static void Tell(StockView view, StockChanges changes, Guid eventId)
    {
        foreach (var type in view.Types.Values.Where(t => !t.IsDeleted))
        {
            if (type is { WasSoldOut: false, IsSoldOut: true }) changes.Tell(view.Now, "ticket_type.sold_out", type.Id, Data(type));
            else if (type is { WasSoldOut: true, IsSoldOut: false }) changes.Tell(view.Now, "ticket_type.stock_returned", type.Id, Data(type));
        }

        object Data(TypeState type) => new { eventId, TicketTypeId = type.Id, type.Quantity, type.Sold };
    }
}
