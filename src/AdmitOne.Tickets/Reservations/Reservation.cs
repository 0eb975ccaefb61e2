using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Reservations;

/// <summary>So many tickets of one type.</summary>
public sealed record WantedItem
{
    public required Guid TicketTypeId { get; init; }

    [Range(1, 1_000_000)]
    public required int Quantity { get; init; }
}

/// <summary>A reservation. <c>held</c> until it is <c>completed</c> by a purchase, <c>expired</c> by the clock, or <c>released</c> by its owner.</summary>
public sealed record Reservation(Guid Id, Guid EventId, string Status, DateTimeOffset ExpiresAt, IReadOnlyList<ReservationItem> Items, Money Total)
{
    internal static Reservation Of(HoldMade hold, string status)
    {
        var items = hold.Items.Select(i => new ReservationItem(i.TicketTypeId, i.Quantity, Money.Of(i.UnitPriceMinor, hold.Currency), Money.Of(i.UnitPriceMinor * i.Quantity, hold.Currency))).ToArray();
        return new Reservation(hold.HoldId, hold.EventId, status, hold.ExpiresAt, items, Money.Of(items.Sum(i => i.Total.Amount), hold.Currency));
    }
}

public sealed record ReservationItem(Guid TicketTypeId, int Quantity, Money UnitPrice, Money Total);

/// <summary>The items of a request, checked for what annotations cannot say.</summary>
public static class WantedItems
{
    public const int MaxTypes = 20;

    public static readonly ProblemType DiscountInvalid = new("discount_invalid", StatusCodes.Status422UnprocessableEntity, "The discount code does not apply");

    public static IReadOnlyList<HoldItem> Read(IReadOnlyList<WantedItem> items) => items.Select(i => new HoldItem(i.TicketTypeId, i.Quantity)).ToImmutableArray();

    /// <summary>One line a type: two lines of one type are a slip that limits could be cheated with.</summary>
    public static IEnumerable<ValidationResult> Repeated(IReadOnlyList<WantedItem> items)
    {
        var seen = new HashSet<Guid>();
        for (var n = 0; n < items.Count; n++)
            if (!seen.Add(items[n].TicketTypeId)) yield return new ValidationResult("Is named twice: add the quantities up.", [$"Items[{n}].TicketTypeId"]);
    }

    /// <summary>A code that does not apply refuses; the full price is never charged in its place.</summary>
    public static Refusal? RefuseDiscount(string? code) => code is null ? null : DiscountInvalid.With($"There is no discount \"{code}\".");
}
