using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// Gives a hold other tickets or another discount, all or nothing: what cannot be had leaves the hold as it was. It is priced as a new hold of the same
/// tickets would be now, and ends when it would have ended.
/// </summary>
/// <param name="before">The types that the hold had when its owner's request was read; another change in between is a refusal.</param>
/// <param name="items">All that it is to have.</param>
/// <param name="isExpected">Whether the hold, as it stands, is the one that the owner wants to change.</param>
internal sealed class ChangeHold(
    Guid tenantId, Guid eventId, Guid userId, Guid holdId, IReadOnlyList<Guid> before, IReadOnlyList<HoldItem> items, Func<HoldMade, bool> isExpected) : StockCommand<HoldMade>(tenantId, eventId)
{
    /// <summary>In upper case.</summary>
    public IReadOnlyList<string> DiscountCodes { get; init; } = [];

    internal override WantedDiscounts Discounts => WantedDiscounts.Of(DiscountCodes);

    internal override IEnumerable<Guid> TicketTypeIds => before.Union(items.Select(i => i.TicketTypeId));

    internal override Guid? CustomerId => userId;

    internal override bool MayHoldUnpaid => true;

    internal override Guid? HoldId => holdId;

    private protected override Answer<HoldMade> Rule(StockView view, StockChanges changes)
    {
        if (!view.Holds.TryGetValue(holdId, out var rows)) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != userId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");
        if (rows[0].Status == "expired" || (rows[0].Status == "held" && rows[0].ExpiresAt <= view.Now))
            return InventoryProblems.ReservationExpired.With($"It expired at {rows[0].ExpiresAt:u}. Reserve again.");
        if (rows[0].Status != "held") return InventoryProblems.ReservationNotHeld.With($"It was {rows[0].Status}.");
        if (rows[0].OrderId is not null) return InventoryProblems.ReservationNotHeld.With("It is being paid already.");
        // Money of a payment that failed may still come: what it paid for must be what the hold has.
        if (rows[0].IsExtended) return InventoryProblems.ReservationNotHeld.With("A payment of it failed, so its tickets stay as they are: pay it again, or release it and reserve anew.");
        if (!isExpected(HoldStock.Of(EventId, rows, Priced.Read(rows[0].Priced)))) return PlatformProblems.VersionMismatch.With("It was changed since you read it; read it again and repeat your change.");
        if (view.HasOtherTypes(rows)) return InventoryProblems.ReservationChanged.With("It was changed a moment ago; read it again and repeat your change.");

        HoldItem[] had = [.. rows.Select(r => new HoldItem(r.TicketTypeId, r.Quantity))];
        view.PutBack(had, userId);
        var (priced, refusal) = TryTake(view);
        if (refusal is not null)
        {
            view.TakeBack(had, userId);
            return refusal;
        }
        var after = HoldStock.Rows(view, holdId, userId, items, priced, rows[0].ExpiresAt, orderId: null);
        changes.Rewritten[holdId] = new HoldRewrite(EventId, changes.Rewritten.TryGetValue(holdId, out var earlier) ? earlier.Before : rows, after);
        view.Holds[holdId] = after;
        return HoldStock.Of(EventId, after, priced);
    }

    private (Priced? Priced, Refusal? Refusal) TryTake(StockView view)
    {
        if (view.TryTake(items, userId) is { } refusal) return (null, refusal);
        var (priced, unpriced) = view.Price(EventId, userId, items, DiscountCodes);
        if (unpriced is not null) view.PutBack(items, userId);
        return (priced, unpriced);
    }
}
