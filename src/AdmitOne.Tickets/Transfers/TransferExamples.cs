namespace AdmitOne.Tickets.Transfers;

internal static class TransferExamples
{
    public static readonly NewTransfer Asked = new() { RecipientEmail = "robin@example.com", Message = "See you there!" };

    public static readonly Transfer Sent = new(ExampleSale.Transfer, ExampleSale.Ticket, ExampleSale.Event, "An Evening by the River", ExampleSale.TypeName, "sent", "offered",
        "robin@example.com", "kim@example.com", "See you there!", ExampleSale.At("2026-10-01T20:15:00Z"), ExampleSale.At("2026-10-03T20:15:00Z"), ClosedAt: null, ClosedBecause: null);

    public static readonly Transfer Received = Sent with { Direction = "received", Sender = "k…@example.com" };

    public static readonly Transfer Accepted = Received with { Status = "accepted", ClosedAt = ExampleSale.At("2026-10-01T21:02:40Z") };

    public static readonly Transfer Declined = Received with { Status = "declined", ClosedAt = ExampleSale.At("2026-10-01T21:02:40Z") };

    public static readonly Transfer Cancelled = Sent with { Status = "cancelled", ClosedAt = ExampleSale.At("2026-10-01T21:02:40Z") };
}
