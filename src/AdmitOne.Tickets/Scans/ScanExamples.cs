namespace AdmitOne.Tickets.Scans;

internal static class ScanExamples
{
    private static readonly DateTimeOffset s_first = ExampleSale.At("2026-11-22T18:41:07.5Z");
    private static readonly ScannedFor s_ticket = new(ExampleSale.Ticket, ExampleSale.TypeName, "Floor", "AL");

    public static readonly ScanRequest AtTheGate = new() { Code = ExampleSale.Code, EventId = ExampleSale.Event, Gate = "North 2", DeviceId = ExampleSale.Device };

    public static readonly Scan Admitted = new("admitted", ScanReasons.Ok, s_first, s_ticket, FirstAdmitted: null);

    public static readonly Scan Refused = new("refused", "already_admitted", s_first.AddMinutes(3), s_ticket, new FirstAdmission(s_first, "North 2"));
}
