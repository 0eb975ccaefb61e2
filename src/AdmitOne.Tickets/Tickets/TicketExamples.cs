namespace AdmitOne.Tickets.Tickets;

internal static class TicketExamples
{
    public static readonly Ticket Issued = new(ExampleSale.Ticket, ExampleSale.Event, ExampleSale.TicketType, ExampleSale.TypeName, ExampleSale.Section, ExampleSale.Order,
        ExampleSale.Buyer, "issued", Admitted: false, AdmittedAt: null, ExampleSale.Price, ExampleSale.At("2026-10-01T19:04:12.25Z"));
}
