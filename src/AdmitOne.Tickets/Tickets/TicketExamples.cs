namespace AdmitOne.Tickets.Tickets;

internal static class TicketExamples
{
    public static readonly Ticket Issued = new(ExampleSale.Ticket, ExampleSale.Event, ExampleSale.TicketType, ExampleSale.TypeName, ExampleSale.Section, ExampleSale.Order,
        ExampleSale.Buyer, "issued", Admitted: false, AdmittedAt: null, ExampleSale.Price, ExampleSale.At("2026-10-01T19:04:12.25Z"));

    public static readonly Ticket Blocked = Issued with { Status = "blocked" };

    public static readonly BlockReason WhyBlocked = new() { Reason = "Sold on at three times its price." };

    public static readonly BlockReason WhyUnblocked = new() { Reason = "It was somebody else's ticket." };
}
