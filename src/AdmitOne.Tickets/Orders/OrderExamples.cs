using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Orders;

internal static class OrderExamples
{
    public const string PageKey = "AZmhsnwAcACAAAAAAAAAAVeS1nY3q0sJ3y5l0m9o2bo";

    private static readonly DateTimeOffset s_bought = ExampleSale.At("2026-10-01T19:04:12.25Z");

    public static readonly EventAsSold AsSold = new(ExampleSale.Event, "An Evening by the River", "The Hall", ExampleSale.At("2026-11-22T19:30:00Z"), "Europe/Amsterdam");

    public static readonly Order Paid = new(ExampleSale.Order, ExampleSale.OrderNumber, ExampleSale.Event, AsSold, ExampleSale.Buyer, SoldBy: null, "ann@example.com", "Ann de Vries", "nl",
        PageKey, "paid", ExampleSale.Total, new OrderPayment("test", "succeeded"),
        [new OrderLine(ExampleSale.TicketType, 2, ExampleSale.Price, ExampleSale.Total)],
        [new ChargeLine(PriceLineKind.Ticket, ExampleSale.TicketType, ExampleSale.TypeName, 2, new SignedMoney(4500, "EUR"), new SignedMoney(9000, "EUR"))],
        [new ContainedTax(ExampleSale.TicketType, "VAT", new SignedMoney(743, "EUR"), 9)],
        [new OrderTicket(ExampleSale.Ticket, ExampleSale.TicketType, "issued"), new OrderTicket(ExampleSale.SecondTicket, ExampleSale.TicketType, "issued")],
        [], [], s_bought, s_bought);

    public static readonly Order CalledOff = Paid with { Status = "payment_failed", Payment = new OrderPayment("test", "cancelled"), Tickets = [] };

    public static readonly OrderSummary InList = new(Paid.Id, Paid.OrderNumber, Paid.EventId, AsSold, Paid.UserId, Paid.ContactEmail, Paid.BuyerName, Paid.Language, Paid.Status, Paid.Total,
        [new OrderedType(ExampleSale.TicketType, ExampleSale.TypeName, "Main floor", 2)], Paid.CreatedAt);
}
