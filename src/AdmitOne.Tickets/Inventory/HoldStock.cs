using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A hold as it was made.</summary>
public sealed record HoldMade(Guid HoldId, Guid EventId, DateTimeOffset ExpiresAt, IReadOnlyList<HeldItem> Items, string Currency)
{
    /// <summary>Null if its price is nothing but price times quantity.</summary>
    internal Priced? Priced { get; init; }
}

/// <param name="UnitPriceMinor">The price the hold was given; it keeps it until it expires.</param>
public sealed record HeldItem(Guid TicketTypeId, int Quantity, long UnitPriceMinor);

/// <summary>Sets tickets aside for a customer, all or nothing, until <paramref name="keepFor"/> has passed.</summary>
/// <remarks>A code takes its discount off the price that the hold keeps; its use is counted by the purchase.</remarks>
public sealed class HoldStock(Guid tenantId, Guid eventId, Guid userId, IReadOnlyList<HoldItem> items, TimeSpan keepFor) : StockCommand<HoldMade>(tenantId, eventId)
{
    /// <summary>In upper case.</summary>
    public IReadOnlyList<string> DiscountCodes { get; init; } = [];

    /// <summary>What the customer was shown: another total is refused. Null for any.</summary>
    public Money? ExpectedTotal { get; init; }

    /// <summary>What is known of the customer; an event may ask for more.</summary>
    internal BuyerStanding Buyer { get; init; } = BuyerStanding.VerifiedEmail;

    internal override WantedDiscounts Discounts => WantedDiscounts.Of(DiscountCodes);

    internal override IEnumerable<Guid> TicketTypeIds => items.Select(i => i.TicketTypeId);

    internal override Guid? CustomerId => userId;

    internal override bool MayHoldUnpaid => true;

    private protected override Answer<HoldMade> Rule(StockView view, StockChanges changes)
    {
        if (view.TryTake(items, userId, buyer: Buyer) is { } refusal) return refusal;
        var (priced, unpriced) = view.Price(EventId, userId, items, DiscountCodes);
        if ((unpriced ?? PricingProblems.RefuseOtherTotal(ExpectedTotal, view.Total(items, priced), view.Types[items[0].TicketTypeId].Currency)) is { } unpayable)
        {
            view.PutBack(items, userId);
            return unpayable;
        }
        var rows = Place(view, changes, EventId, userId, items, priced, view.Now + view.KeepFor(items, keepFor), orderId: null);
        return Of(EventId, rows, priced);
    }

    /// <summary>A hold as its rows say.</summary>
    internal static HoldMade Of(Guid eventId, List<HeldRow> rows, Priced? priced) =>
        new(rows[0].HoldId, eventId, rows[0].ExpiresAt, rows.Select(r => new HeldItem(r.TicketTypeId, r.Quantity, r.UnitPriceMinor)).ToArray(), rows[0].Currency) { Priced = priced };

    /// <summary>Writes the rows that explain what <see cref="StockView.TryTake"/> has just taken.</summary>
    internal static List<HeldRow> Place(
        StockView view, StockChanges changes, Guid eventId, Guid userId, IReadOnlyList<HoldItem> items, Priced? priced, DateTimeOffset expiresAt, Guid? orderId)
    {
        var holdId = HoldIds.New(view.Now);
        var rows = Rows(view, holdId, userId, items, priced, expiresAt, orderId);
        changes.Held.AddRange(rows.Select(row => new NewHeldRow(row, eventId)));
        view.Holds[holdId] = rows;
        return rows;
    }

    internal static List<HeldRow> Rows(
        StockView view, Guid holdId, Guid userId, IReadOnlyList<HoldItem> items, Priced? priced, DateTimeOffset expiresAt, Guid? orderId) => items.Select((item, n) =>
    {
        var type = view.Types[item.TicketTypeId];
        return new HeldRow(HoldIds.Row(holdId, n), holdId, item.TicketTypeId, userId, item.Quantity, priced?.Of(item.TicketTypeId).UnitMinor ?? type.PriceMinor, type.Currency,
            "held", orderId, expiresAt, n == 0 ? priced?.Write() : null)
        { InOneStep = orderId is not null };
    }).ToList();
}
