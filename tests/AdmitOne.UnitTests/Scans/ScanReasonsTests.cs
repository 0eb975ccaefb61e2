using System.Globalization;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Scans;

namespace AdmitOne.UnitTests.Scans;

public sealed class ScanReasonsTests
{
    private static readonly Guid s_event = Guid.CreateVersion7();
    private static readonly DateTimeOffset s_now = At("2026-11-22T19:00:00Z");
    private static readonly ScannedTicket s_ticket = new(s_event, "issued", OwnerVersion: 1, Inside: null);
    private static readonly DoorState s_door = new(s_event, "on_sale", ReEntry: false, Rotates: false, s_now.AddHours(-1), s_now.AddHours(1), s_now);

    /// <summary>What can be wrong, in the order of the contract, each with the ticket and door that it takes.</summary>
    private static readonly (string Reason, Func<ScannedTicket, ScannedTicket> Ticket, Func<DoorState, DoorState> Door, bool Out)[] s_wrongs =
    [
        ("wrong_event", t => t with { EventId = Guid.CreateVersion7() }, d => d, false),
        ("cancelled", t => t, d => d with { EventStatus = "cancelled" }, false),
        ("refunded", t => t with { Status = "refunded" }, d => d, false),
        ("blocked", t => t with { Status = "blocked" }, d => d, false),
        ("transferred_code", t => t with { OwnerVersion = 2 }, d => d, false),
        ("expired_code", t => t, d => d with { Rotates = true }, false),
        ("not_inside", t => t with { Inside = false }, d => d, true),
        ("already_admitted", t => t with { Inside = true }, d => d, false),
        ("too_early", t => t, d => d with { CheckInFrom = s_now.AddSeconds(1) }, false),
        ("too_late", t => t, d => d with { CheckInUntil = s_now }, false),
    ];

    [Fact]
    public void Nothing_wrong_is_ok() => Assert.Equal("ok", Find(s_ticket, s_door));

    [Fact]
    public void Of_two_things_that_are_wrong_the_first_in_the_contracts_order_is_said()
    {
        for (var first = 0; first < s_wrongs.Length; first++)
        {
            for (var second = first; second < s_wrongs.Length; second++)
            {
                // A ticket has one status, and is inside or not.
                if ((s_wrongs[first].Reason, s_wrongs[second].Reason) is ("refunded", "blocked") or ("not_inside", "already_admitted")) continue;
                var ticket = s_wrongs[second].Ticket(s_wrongs[first].Ticket(s_ticket));
                var door = s_wrongs[second].Door(s_wrongs[first].Door(s_door));
                if (s_wrongs[first].Reason is "not_inside" && s_wrongs[second].Reason is not "not_inside") ticket = ticket with { Inside = false };
                Assert.Equal(s_wrongs[first].Reason, Find(ticket, door, isOut: s_wrongs[first].Out || s_wrongs[second].Out && s_wrongs[first].Reason != "already_admitted"));
            }
        }
    }

    [Theory]
    [InlineData("2026-11-22T17:59:59.999999Z", "too_early")]
    [InlineData("2026-11-22T18:00:00Z", "ok")]
    [InlineData("2026-11-22T22:59:59.999999Z", "ok")]
    [InlineData("2026-11-22T23:00:00Z", "too_late")]
    public void The_window_opens_and_closes_to_the_instant(string now, string reason) =>
        Assert.Equal(reason, Find(s_ticket, s_door with { CheckInFrom = At("2026-11-22T18:00:00Z"), CheckInUntil = At("2026-11-22T23:00:00Z"), Now = At(now) }));

    // The window is two instants: neither midnight nor a change of the clocks is anything special.
    [Theory]
    [InlineData("2026-12-31T23:59:59+01:00", "ok")]
    [InlineData("2027-01-01T00:00:00+01:00", "ok")]
    [InlineData("2027-01-01T02:00:00+01:00", "too_late")]
    [InlineData("2026-12-31T17:00:00-05:00", "ok")]          // 23:00 in Amsterdam
    [InlineData("2026-12-31T15:59:59-05:00", "too_early")]
    public void Midnight_and_time_zones_change_nothing(string now, string reason) =>
        Assert.Equal(reason, Find(s_ticket, s_door with { CheckInFrom = At("2026-12-31T22:00:00+01:00"), CheckInUntil = At("2027-01-01T02:00:00+01:00"), Now = At(now) }));

    [Fact]
    public void The_hour_that_comes_twice_counts_twice()
    {
        // In Amsterdam 2026-10-25 03:00 is 02:00 again: the window of two hours by the wall lasts three.
        var door = s_door with { CheckInFrom = At("2026-10-25T01:30:00+02:00"), CheckInUntil = At("2026-10-25T03:30:00+01:00") };
        Assert.Equal("ok", Find(s_ticket, door with { Now = At("2026-10-25T02:30:00+02:00") }));
        Assert.Equal("ok", Find(s_ticket, door with { Now = At("2026-10-25T02:30:00+01:00") }));
        Assert.Equal("too_late", Find(s_ticket, door with { Now = At("2026-10-25T03:30:00+01:00") }));
    }

    [Fact]
    public void A_rotating_code_is_good_at_either_kind_of_event_and_a_print_only_where_codes_do_not_rotate()
    {
        var step = RotatingCode.StepAt(s_now);
        Assert.Equal("ok", Find(s_ticket, s_door, step));
        Assert.Equal("ok", Find(s_ticket, s_door with { Rotates = true }, step));
        Assert.Equal("expired_code", Find(s_ticket, s_door with { Rotates = true }));
        Assert.Equal("expired_code", Find(s_ticket, s_door, step - 2));
        Assert.Equal("expired_code", Find(s_ticket, s_door, step + 2));
    }

    [Fact]
    public void A_step_lets_in_once_and_the_next_one_again()
    {
        var step = RotatingCode.StepAt(s_now);
        var door = s_door with { Rotates = true, ReEntry = true };
        var left = s_ticket with { Inside = false, LastStep = step };
        Assert.Equal("expired_code", Find(left, door, step));
        Assert.Equal("expired_code", Find(left, door, step - 1));
        Assert.Equal("ok", Find(left, door, step + 1));
        Assert.Equal("already_admitted", Find(left with { Inside = true }, door, step));
        Assert.Equal("ok", Find(left with { Inside = true }, door, step, isOut: true));
    }

    private static string Find(ScannedTicket ticket, DoorState door, uint? step = null, bool isOut = false) =>
        ScanReasons.Find(ticket, door, new HeldOut(new OpenedCode(new SealedTicket(Guid.Empty, 1, 0), step), isOut));

    private static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
}
