using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Discounts;

internal static class DiscountExamples
{
    public static readonly DiscountBody New = new()
    {
        Code = "RIVER10",
        Kind = DiscountKind.Percentage,
        Percent = 10,
        EventId = ExampleSale.Event,
        ValidFrom = ExampleSale.At("2026-09-01T00:00:00Z"),
        ValidUntil = ExampleSale.At("2026-11-01T00:00:00Z"),
        MaxUses = 50,
        MaxUsesPerCustomer = 1,
        Minimum = Money.Of(5000, "EUR"),
        Cap = Money.Of(2500, "EUR"),
    };

    public static readonly object Patch = new { maxUses = 200 };

    public static readonly Discount Kept = new(new Guid("0199a1b2-7c00-7000-8000-00000000000a"), New.Code, New.Kind, New.Percent, New.Amount, New.Buy, New.Get, New.EventId,
        New.TicketTypeIds, New.ValidFrom, New.ValidUntil, New.MaxUses, New.MaxUsesPerCustomer, New.Minimum, New.Cap, New.Priority, New.Stackable, Used: 12, Version: 3,
        ExampleSale.At("2026-09-01T09:00:00Z"), ExampleSale.At("2026-09-01T09:12:30.5Z"));
}
