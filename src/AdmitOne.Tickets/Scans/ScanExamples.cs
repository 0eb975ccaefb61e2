namespace AdmitOne.Tickets.Scans;

internal static class ScanExamples
{
    private static readonly DateTimeOffset s_first = ExampleSale.At("2026-11-22T18:41:07.5Z");
    private static readonly ScannedFor s_ticket = new(ExampleSale.Ticket, ExampleSale.TypeName, "Floor", "AL");

    public static readonly ScanRequest AtTheGate = new() { Code = ExampleSale.Code, EventId = ExampleSale.Event, Gate = "North 2", DeviceId = ExampleSale.Device };

    public static readonly Scan Admitted = new(ExampleSale.Scan, "admitted", ScanReasons.Ok, s_first, s_ticket, FirstAdmitted: null);

    public static readonly Scan Refused = new(ExampleSale.SecondScan, "refused", "already_admitted", s_first.AddMinutes(3), s_ticket, new FirstAdmission(s_first, "North 2"));

    private const string FirstScan = "0199a1b2-7c00-7000-8000-0000000000b1";

    public static readonly OfflineScansRequest Offline = new()
    {
        EventId = ExampleSale.Event, DeviceId = ExampleSale.Device,
        Scans = [new OfflineScan { Id = FirstScan, Code = ExampleSale.Code, ScannedAt = s_first, Gate = "North 2" }],
    };

    public static readonly OfflineScansMerged Merged = new([new OfflineScanResult(FirstScan, OfflineOutcomes.Accepted, ScanReasons.Ok)]);
}
