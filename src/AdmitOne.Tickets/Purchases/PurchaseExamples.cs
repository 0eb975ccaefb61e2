using AdmitOne.Tickets.Reservations;

namespace AdmitOne.Tickets.Purchases;

internal static class PurchaseExamples
{
    public static readonly PurchaseRequest OfReservation = new() { ReservationId = ExampleSale.Reservation, Payment = new PaymentRequest { Method = "test", Token = "tok_ok" } };

    public static readonly PurchaseRequest InOneStep = new()
    {
        EventId = ExampleSale.Event,
        Items = [new WantedItem { TicketTypeId = ExampleSale.TicketType, Quantity = 2 }],
        Payment = new PaymentRequest { Method = "test", Token = "tok_ok" },
    };

    public static readonly Purchase Paid = new(ExampleSale.Order, ExampleSale.OrderNumber, "paid", ExampleSale.Total,
        [new BoughtTicket(ExampleSale.Ticket, ExampleSale.TicketType, "issued"), new BoughtTicket(ExampleSale.SecondTicket, ExampleSale.TicketType, "issued")], PaymentAction: null);

    public static readonly Purchase Pending = new(ExampleSale.Order, ExampleSale.OrderNumber, "payment_pending", ExampleSale.Total, [],
        new PaymentAction("wait", $"/api/v1/orders/{ExampleSale.Order}"));
}
