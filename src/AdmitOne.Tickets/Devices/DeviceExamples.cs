namespace AdmitOne.Tickets.Devices;

internal static class DeviceExamples
{
    private const string Name = "Scanner 7";
    private static readonly string[] s_gates = ["North 2"];
    private static readonly DateTimeOffset s_made = ExampleSale.At("2026-11-21T09:00:00Z");

    public static readonly DeviceRequest New = new() { Name = Name, EventId = ExampleSale.Event, Gates = s_gates };

    public static readonly InvitedDevice Invited = new(ExampleSale.Device, Name, ExampleSale.Event, s_gates, "pending", "7KQ2M9XDRT4H", s_made.AddHours(24));

    public static readonly ActivatedDevice Activated = new(ExampleSale.Device, $"{ExampleSale.Device}.5f1c0a6e9d2b48c7a3e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b", Name, ExampleSale.Event, s_gates);

    public static readonly Device Active = new(
        ExampleSale.Device, Name, ExampleSale.Event, s_gates, "active", "1.4.0", s_made, s_made.AddHours(1), ExampleSale.At("2026-11-22T18:41:00Z"), RevokedAt: null);
}
