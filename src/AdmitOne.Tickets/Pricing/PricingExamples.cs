using AdmitOne.Contracts;
using AdmitOne.Tickets.Reservations;

namespace AdmitOne.Tickets.Pricing;

internal static class PricingExamples
{
    public const string Code = "RIVER10";

    public static readonly QuoteRequest Asked = new()
    {
        EventId = ExampleSale.Event,
        Items = [new WantedItem { TicketTypeId = ExampleSale.TicketType, Quantity = 2 }],
        DiscountCode = Code,
    };

    public static readonly Quote Quoted = new(ExampleSale.Event,
        [new QuotedItem(ExampleSale.TicketType, 2, ExampleSale.Price, Money.Of(8300, "EUR"))],
        [
            new ChargeLine(PriceLineKind.Ticket, ExampleSale.TicketType, ExampleSale.TypeName, 2, new SignedMoney(4500, "EUR"), new SignedMoney(9000, "EUR")),
            new ChargeLine(PriceLineKind.Discount, ExampleSale.TicketType, Code, 2, null, new SignedMoney(-900, "EUR")),
            new ChargeLine(PriceLineKind.Fee, ExampleSale.TicketType, "Booking fee", 1, null, new SignedMoney(200, "EUR")),
        ],
        [new ContainedTax(ExampleSale.TicketType, "VAT", new SignedMoney(685, "EUR"))],
        Money.Of(9000, "EUR"), Money.Of(900, "EUR"), Money.Of(200, "EUR"), Money.Of(0, "EUR"), Money.Of(8300, "EUR"));
}
