using System.Globalization;
using AdmitOne.Contracts;

namespace AdmitOne.Tickets;

/// <summary>One sale that all examples of the API document tell of, so that a reader can follow a ticket from its type to the door.</summary>
internal static class ExampleSale
{
    public static readonly Guid Event = new("0199a1b2-7c00-7000-8000-000000000001");
    public static readonly Guid Section = new("0199a1b2-7c00-7000-8000-000000000002");
    public static readonly Guid TicketType = new("0199a1b2-7c00-7000-8000-000000000003");
    public static readonly Guid Reservation = new("0199a1b2-7c00-7000-8000-000000000004");
    public static readonly Guid Order = new("0199a1b2-7c00-7000-8000-000000000005");
    public static readonly Guid Ticket = new("0199a1b2-7c00-7000-8000-000000000006");
    public static readonly Guid SecondTicket = new("0199a1b2-7c00-7000-8000-000000000007");
    public static readonly Guid Buyer = new("0199a1b2-7c00-7000-8000-000000000008");
    public static readonly Guid Device = new("0199a1b2-7c00-7000-8000-000000000009");

    public static readonly Guid Transfer = new("0199a1b2-7c00-7000-8000-00000000000a");
    public static readonly Guid Scan = new("0199a1b2-7c00-7000-8000-00000000000d");
    public static readonly Guid SecondScan = new("0199a1b2-7c00-7000-8000-00000000000e");
    public static readonly Guid MintJob = new("0199a1b2-7c00-7000-8000-00000000000b");

    public const string TypeName = "General admission";
    public const string OrderNumber = "7KQ2M9XDRT";
    public const string Code = "M80.-D2L1TEWJMF6 J/V8MVN*C1*AFHV3OTM9670$GJRKX:2*AK5R9KD2GR6BWAQP7%+55 H5BN5LQTG14D6D+GTCR1RS.4F/Z87ZRL%MU509+S/1BX$BT2PZM0/Z4:$BG6WJQ4DO9QTT$UCLMRC21K/T5KNC7MU FRKD/-8H2";
    public const string RotatingCode = "M80.-D2L1TEWJMF6 J/V8MVN*C1*AFHV3OTM9670$GJRKX:2*AK5R9KD2GR6BWAQP7%+55 H5BN5LQTG14D6D+GTCR1RS.4";

    public static readonly Money Price = Money.Of(4500, "EUR");
    public static readonly Money Nothing = Money.Of(0, "EUR");
    public static readonly Money Total = Money.Of(9000, "EUR");

    /// <summary>An instant of the sale, in UTC.</summary>
    public static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
}
