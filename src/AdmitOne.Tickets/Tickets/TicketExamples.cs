namespace AdmitOne.Tickets.Tickets;

internal static class TicketExamples
{
    public static readonly Ticket Issued = new(ExampleSale.Ticket, ExampleSale.Event,
        new TicketEvent("An Evening by the River", "The Hall", ExampleSale.At("2026-11-22T19:30:00Z"), "Europe/Amsterdam"), ExampleSale.TicketType, ExampleSale.TypeName, ExampleSale.Section, "Main floor", ExampleSale.Order,
        ExampleSale.Buyer, OwnerEmail: null, "Robin de Vries", "robin@example.com", "issued", Admitted: false, AdmittedAt: null, ExampleSale.Price,
        new TicketOffer(ExampleSale.Transfer, "robin@example.com", ExampleSale.At("2026-10-03T20:15:00Z")), new TicketToken("minted", "48213", "5f1c09e7b2a84d60"), ExampleSale.At("2026-10-01T19:04:12.25Z"));

    public static readonly Ticket Blocked = Issued with { Status = "blocked", Transfer = null };

    public static readonly TicketAttendee Attendee = new() { AttendeeName = "Robin de Vries", AttendeeEmail = "robin@example.com" };

    public static readonly BlockReason WhyBlocked = new() { Reason = "Sold on at three times its price." };

    public static readonly BlockReason WhyUnblocked = new() { Reason = "It was somebody else's ticket." };
}
