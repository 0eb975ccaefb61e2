using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>The codes of a request, or the discounts that a hold or an order has: what its batch reads, and locks if their uses may change.</summary>
/// <param name="Codes">In upper case.</param>
/// <param name="Ids">Of discounts that a hold was priced with, or whose uses an order counts.</param>
internal sealed record WantedDiscounts(IReadOnlyList<string> Codes, IReadOnlyList<Guid> Ids)
{
    public static WantedDiscounts None { get; } = new([], []);

    public static WantedDiscounts Of(IReadOnlyList<string> codes) => codes.Count == 0 ? None : new(codes, []);

    public static WantedDiscounts Of(IReadOnlyList<Guid>? ids) => ids is null or { Count: 0 } ? None : new([], ids);

    public bool IsEmpty => Codes.Count == 0 && Ids.Count == 0;
}

/// <summary>A discount as the commands of a batch before this one have left it.</summary>
internal sealed class DiscountState(DiscountTerms terms, bool isDeleted)
{
    public DiscountTerms Terms { get; } = terms;

    /// <summary>Of no use to new holds; orders that have it still count.</summary>
    public bool IsDeleted { get; } = isDeleted;

    public int UsedChange { get; private set; }

    public int Used => Terms.Used + UsedChange;

    public Dictionary<Guid, int> ByCustomer { get; } = [];

    public void Count(Guid? customer, int uses)
    {
        UsedChange += uses;
        if (customer is { } id) ByCustomer[id] = ByCustomer.GetValueOrDefault(id) + uses;
    }

    public Refusal? RefuseUse(Guid? customer) => Terms.RefuseUse((Used, customer is { } id ? ByCustomer.GetValueOrDefault(id) : 0));
}

/// <summary>How prices and the uses of discounts enter a batch: decided in memory from what was read under the locks, like stock.</summary>
internal static class StockPrices
{
    /// <summary>Prices what <see cref="StockView.TryTake"/> has just taken.</summary>
    /// <returns>Null if nothing but the types' prices counts: the usual sale pays nothing for what it does not have.</returns>
    public static (Priced? Priced, Refusal? Refusal) Price(this StockView view, Guid eventId, Guid? userId, IReadOnlyList<HoldItem> items, IReadOnlyList<string> codes)
    {
        if (codes.Count == 0 && items.All(i => view.Types[i.TicketTypeId].PricePolicy is null)) return (null, null);
        var discounts = new List<DiscountTerms>();
        foreach (var code in codes)
        {
            if (view.Discounts.FirstOrDefault(d => !d.IsDeleted && d.Terms.Code.Equals(code, StringComparison.OrdinalIgnoreCase)) is not { } found) return (null, DiscountCodes.None(code));
            if ((found.Terms.RefuseAt(eventId, view.Now) ?? found.RefuseUse(userId)) is { } refusal) return (null, refusal);
            discounts.Add(found.Terms);
        }
        var types = items.Select(i => (i.Quantity, Type: view.Types[i.TicketTypeId]));
        // The stock counts these tickets as held already; a price by count or share asks what was taken before them.
        return PriceEngine.Price([.. types.Select(i => new PriceItem(i.Type.Id, i.Quantity, i.Type.PriceMinor, i.Type.PricePolicy ?? PricePolicy.None,
            (i.Type.Held + i.Type.Sold - i.Quantity, i.Type.Quantity)))], view.Types[items[0].TicketTypeId].Currency, discounts, view.Now);
    }

    /// <summary>What items cost in all, as <see cref="Price"/> priced them.</summary>
    /// <exception cref="OverflowException">It is more than 64 bits hold.</exception>
    public static long Total(this StockView view, IReadOnlyList<HoldItem> items, Priced? priced) =>
        priced?.TotalMinor ?? items.Aggregate(0L, (sum, item) => checked(sum + (view.Types[item.TicketTypeId].PriceMinor * item.Quantity)));

    /// <summary>Counts one use of each of an order's discounts, or says which is used up. All or none.</summary>
    /// <exception cref="InvalidOperationException">The command did not name its discounts, so they are not locked.</exception>
    public static Refusal? TryCountUses(this StockView view, IReadOnlyList<Guid>? discountIds, Guid? userId)
    {
        var states = view.Locked(discountIds);
        if (states.Select(d => d.RefuseUse(userId)).FirstOrDefault(r => r is not null) is { } refusal) return refusal;
        foreach (var discount in states) discount.Count(userId, 1);
        return null;
    }

    /// <summary>Gives the uses of an order back that is failing, expiring, or refunded as a whole. The order's state says that it is the first time.</summary>
    /// <exception cref="InvalidOperationException">The command did not name its discounts, so they are not locked.</exception>
    public static void GiveUsesBack(this StockView view, StockChanges changes, OrderState order)
    {
        if (order.DiscountIds is null) return;
        foreach (var discount in view.Locked(order.DiscountIds)) discount.Count(order.UserId, -1);
        changes.RedemptionMoves.Add(new RedemptionMove(order.Id, "given_back"));
    }

    private static DiscountState[] Locked(this StockView view, IReadOnlyList<Guid>? discountIds) => [.. (discountIds ?? []).Select(id =>
        view.Discounts.FirstOrDefault(d => d.Terms.Id == id) ?? throw new InvalidOperationException($"Discount {id} was not locked by its batch: its command must name it."))];
}
