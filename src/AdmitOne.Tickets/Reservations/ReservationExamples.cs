namespace AdmitOne.Tickets.Reservations;

internal static class ReservationExamples
{
    public static readonly HoldRequest Asked = new() { EventId = ExampleSale.Event, Items = [new WantedItem { TicketTypeId = ExampleSale.TicketType, Quantity = 2 }] };

    public static readonly object Patch = new { items = new[] { new WantedItem { TicketTypeId = ExampleSale.TicketType, Quantity = 1 } }, discountCode = (string?)null };

    public static readonly Reservation Held = new(ExampleSale.Reservation, ExampleSale.Event, "held", ExampleSale.At("2026-10-01T19:10:00Z"),
        [new ReservationItem(ExampleSale.TicketType, 2, ExampleSale.Price, ExampleSale.Total)], Discount: ExampleSale.Nothing, FeesAndTaxes: ExampleSale.Nothing, ExampleSale.Total);

    public static readonly Reservation Changed = Held with { Items = [new ReservationItem(ExampleSale.TicketType, 1, ExampleSale.Price, ExampleSale.Price)], Total = ExampleSale.Price };
}
