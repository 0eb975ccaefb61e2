using AdmitOne.Contracts;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.TicketTypes;

internal static class TicketTypeExamples
{
    public static readonly TicketTypeBody New = new()
    {
        Name = ExampleSale.TypeName,
        Price = ExampleSale.Price,
        Quantity = 500,
        SectionId = ExampleSale.Section,
        MaxPerOrder = 8,
        MaxPerCustomer = 8,
        SalesEndAt = ExampleSale.At("2026-11-22T18:30:00Z"),
        PriceRules =
        [
            new PriceRule { Kind = PriceRuleKind.EarlyBird, Until = ExampleSale.At("2026-10-01T00:00:00Z"), Count = 100, Price = Money.Of(3600, "EUR") },
            new PriceRule { Kind = PriceRuleKind.Group, Quantity = 6, Percent = 12.5m },
        ],
        Fees = [new Fee { Name = "Booking fee", Amount = Money.Of(200, "EUR"), Per = FeePer.Order }],
        Tax = new Tax { Name = "VAT", Percent = 9, Included = true },
    };

    public static readonly object Patch = new { quantity = 600, maxPerOrder = 6 };

    public static readonly TicketType Kept = new(ExampleSale.TicketType, ExampleSale.Event, New.Name, New.Price, New.Quantity, ExampleSale.Section, New.MinPerOrder, New.MaxPerOrder,
        New.MaxPerCustomer, SalesStartAt: null, New.SalesEndAt, New.Transferable, New.PriceRules, New.Fees, New.Tax, Version: 3, ExampleSale.At("2026-09-01T09:00:00Z"), ExampleSale.At("2026-09-01T09:12:30.5Z"));

    public static readonly AvailabilityList Left = new([new Availability(ExampleSale.TicketType, Available: 17, AvailabilityStatus.FewLeft, ExampleSale.Price, Remainder: 0)]);
}
