using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Reservations;

/// <summary>So many tickets of one type.</summary>
public sealed record WantedItem
{
    public required Guid TicketTypeId { get; init; }

    [Quantity]
    public required int Quantity { get; init; }
}

/// <summary>How many of a type. The bounds are documented here, and checked by <see cref="InventoryProblems.RefuseQuantity"/> where the type's own are known.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class QuantityAttribute() : RangeAttribute(1, InventoryProblems.MaxQuantity)
{
    public override bool IsValid(object? value) => true;
}

/// <summary>A reservation. <c>held</c> until it is <c>completed</c> by a purchase, <c>expired</c> by the clock, or <c>released</c> by its owner.</summary>
/// <param name="Discount">What its discount codes take off.</param>
/// <param name="Total">What its purchase will charge: its tickets less the discount, with fees and added tax.</param>
public sealed record Reservation(
    Guid Id, Guid EventId, string Status, DateTimeOffset ExpiresAt, IReadOnlyList<ReservationItem> Items, Money Discount, Money FeesAndTaxes, Money Total)
{
    internal static Reservation Of(HoldMade hold, string status)
    {
        var items = hold.Items.Select(i => new ReservationItem(i.TicketTypeId, i.Quantity, Money.Of(i.UnitPriceMinor, hold.Currency), Money.Of(i.UnitPriceMinor * i.Quantity, hold.Currency))).ToArray();
        long Sum(Func<PriceLine, bool> which) => hold.Priced?.Lines.Where(which).Sum(l => l.TotalMinor) ?? 0;
        return new Reservation(hold.HoldId, hold.EventId, status, hold.ExpiresAt, items, Money.Of(-Sum(l => l.Kind == PriceLineKind.Discount), hold.Currency),
            Money.Of(Sum(l => l.Kind is PriceLineKind.Fee or PriceLineKind.Tax), hold.Currency), Money.Of(hold.Priced?.TotalMinor ?? items.Sum(i => i.Total.Amount), hold.Currency));
    }

    /// <summary>Its strong entity tag, with quotes: a digest of its content, so that two that say the same have the same.</summary>
    internal string Tag() => EntityTag.OfContent(this);
}

/// <param name="UnitPrice">By the type's rules when it was held.</param>
public sealed record ReservationItem(Guid TicketTypeId, int Quantity, Money UnitPrice, Money Total);

/// <summary>The items of a request, checked for what annotations cannot say.</summary>
public static class WantedItems
{
    public const int MaxTypes = 20;

    public static IReadOnlyList<HoldItem> Read(IReadOnlyList<WantedItem> items) => items.Select(i => new HoldItem(i.TicketTypeId, i.Quantity)).ToImmutableArray();

    /// <summary>One line a type: two lines of one type are a slip that limits could be cheated with.</summary>
    public static IEnumerable<ValidationResult> Repeated(IReadOnlyList<WantedItem> items)
    {
        var seen = new HashSet<Guid>();
        for (var n = 0; n < items.Count; n++)
            if (!seen.Add(items[n].TicketTypeId)) yield return new ValidationResult("Is named twice: add the quantities up.", [$"Items[{n}].TicketTypeId"]);
    }
}
