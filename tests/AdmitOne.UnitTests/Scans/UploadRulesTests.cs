using System.Globalization;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Scans;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Scans;

/// <summary>An upload is judged by what was true when its scan was made.</summary>
public sealed class UploadRulesTests
{
    private static readonly Guid s_eventId = Guid.CreateVersion7();
    private static readonly DateTimeOffset s_now = At("2026-11-22T21:00:00Z");
    private static readonly DateTimeOffset s_issued = At("2026-11-01T12:00:00Z");
    private static readonly DoorState s_door = new(s_eventId, "on_sale", ReEntry: false, Rotates: false, At("2026-11-22T18:00:00Z"), At("2026-11-22T23:00:00Z"), s_now);
    private static readonly EventHistory s_asNow = new("on_sale", []);

    [Theory]
    [InlineData("2026-11-22T17:59:29Z", "too_early")]
    [InlineData("2026-11-22T17:59:30Z", null)]
    [InlineData("2026-11-22T20:00:00Z", null)]
    [InlineData("2026-11-22T21:02:00Z", null)]           // the server's clock says 21:00
    [InlineData("2026-11-22T21:02:01Z", "too_early")]
    [InlineData("2026-11-22T23:00:29Z", null, "2026-11-23T09:00:00Z")]
    [InlineData("2026-11-22T23:00:30Z", "too_late", "2026-11-23T09:00:00Z")]
    [InlineData("2026-11-22T20:00:00Z", null, "2026-11-29T20:00:00Z")]
    [InlineData("2026-11-22T20:00:00Z", "too_late", "2026-11-29T20:00:01Z")]
    public void Check_in_hours_count_when_it_was_scanned(string at, string? reason, string now = "2026-11-22T21:00:00Z") =>
        Assert.Equal(reason, Refuse(At(at), door: s_door with { Now = At(now) }));

    [Fact]
    public void Whoever_leaves_may_do_so_at_any_hour() => Assert.Null(Refuse(At("2026-11-23T02:00:00Z"), door: s_door with { Now = At("2026-11-23T09:00:00Z") }, isOut: true));

    [Fact]
    public void Nothing_counts_before_the_ticket_was_issued_or_came_to_this_owner()
    {
        var bought = At("2026-11-22T19:00:00Z");
        var given = At("2026-11-22T20:00:00Z");
        var ticket = new TicketHistory(bought, [new TicketChange(given, "issued", 2)]);
        Assert.Equal("too_early", Refuse(bought.AddSeconds(-1), ticket));
        Assert.Null(Refuse(bought, ticket));
        Assert.Null(Refuse(given.AddMilliseconds(-1), ticket));
        Assert.Equal("transferred_code", Refuse(given, ticket));
        Assert.Equal("too_early", Refuse(given.AddMilliseconds(-1), ticket, ownerVersion: 2));
        Assert.Null(Refuse(given, ticket, ownerVersion: 2));
        Assert.Equal("too_early", Refuse(given.AddMinutes(1), ticket, ownerVersion: 3));
    }

    [Theory, InlineData("blocked"), InlineData("refunded"), InlineData("cancelled")]
    public void A_ticket_that_died_was_good_until_then(string status)
    {
        var died = At("2026-11-22T20:00:00Z");
        var ticket = new TicketHistory(s_issued, [new TicketChange(died, status, 1)]);
        Assert.Null(Refuse(died.AddMilliseconds(-1), ticket));
        Assert.Equal(status, Refuse(died, ticket));
    }

    [Fact]
    public void Blocked_and_unblocked_in_between_changes_nothing_before_and_after()
    {
        var (blocked, unblocked) = (At("2026-11-22T19:00:00Z"), At("2026-11-22T20:00:00Z"));
        var ticket = new TicketHistory(s_issued, [new TicketChange(blocked, "blocked", 1), new TicketChange(unblocked, "issued", 1)]);
        Assert.Equal([null, "blocked", null], new[] { blocked.AddSeconds(-1), blocked, unblocked }.Select(at => Refuse(at, ticket)));
        Assert.Equal([(blocked, "blocked"), (unblocked, "unblocked")], ticket.After(s_issued));
        Assert.Equal([(unblocked, "unblocked")], ticket.After(blocked));
    }

    [Fact]
    public void An_event_that_was_cancelled_or_postponed_let_in_until_then()
    {
        var moved = At("2026-11-22T20:00:00Z");
        foreach (var (to, reason) in new[] { ("cancelled", "cancelled"), ("postponed", "too_early") })
        {
            var door = s_door with { EventStatus = to };
            var moves = new EventHistory(to, [(At("2026-11-22T18:00:00Z"), "on_sale", "in_progress"), (moved, "in_progress", to)]);
            Assert.Null(Refuse(moved.AddSeconds(-1), door: door, itsEvent: moves));
            Assert.Equal(reason, Refuse(moved, door: door, itsEvent: moves));
            Assert.Equal(reason, Refuse(moved.AddSeconds(-1), door: door, itsEvent: new EventHistory(to, [])));   // nothing says since when
        }
    }

    [Theory, InlineData(-2, "expired_code"), InlineData(-1, null), InlineData(0, null), InlineData(1, null), InlineData(2, "expired_code")]
    public void A_rotating_codes_step_is_compared_with_the_time_of_the_scan(int steps, string? reason)
    {
        var at = At("2026-11-22T20:00:00Z");
        Assert.Equal(reason, Refuse(at, door: s_door with { Rotates = true }, step: (uint)(RotatingCode.StepAt(at) + steps)));
        Assert.Equal("expired_code", Refuse(at, door: s_door with { Rotates = true }));
    }

    [Fact]
    public void A_ticket_of_another_event_is_none_of_this_one() => Assert.Equal("wrong_event", UploadRules.Refuse(Scan(s_now), Guid.CreateVersion7(), new TicketHistory(s_issued, []), s_door, s_asNow));

    [Fact]
    public void A_change_of_before_changes_were_kept_happened_when_the_row_was_last_written()
    {
        var now = new TicketChange(At("2026-11-22T20:00:00Z"), "refunded", 1);
        var kept = TicketHistory.Of(s_issued, [], now);
        Assert.Equal([null, "refunded"], new[] { now.At.AddSeconds(-1), now.At }.Select(at => Refuse(at, kept)));
        Assert.Equal([(now.At, "refunded")], TicketHistory.Of(s_issued, [now], now with { At = s_now }).After(s_issued));
    }

    // At each instant exactly one owner's code counts, and only while the ticket is issued.
    [Fact]
    public void One_owners_code_at_most_is_good_at_any_time() =>
        Prop.ForAll(
            (from minute in Gen.Choose(0, 100)
             from change in Gen.Elements("transferred", "blocked", "issued", "refunded")
             select (Minute: minute, Change: change)).ArrayOf().ToArbitrary(),
            Gen.Choose(0, 100).ToArbitrary(), (made, minute) =>
            {
                var start = At("2026-11-22T19:00:00Z");
                var changes = new List<TicketChange>();
                var owner = 1;
                foreach (var (after, change) in made.OrderBy(m => m.Minute))
                    changes.Add(change == "transferred" ? new TicketChange(start.AddMinutes(after), "issued", ++owner) : new TicketChange(start.AddMinutes(after), change, owner));
                var ticket = new TicketHistory(start, changes);
                var (at, door) = (start.AddMinutes(minute), s_door with { Now = At("2026-11-22T22:00:00Z") });
                var good = Enumerable.Range(1, owner).Where(version => Refuse(at, ticket, door, ownerVersion: version) is null).ToArray();
                return ticket.At(at).Status == "issued" ? good.SequenceEqual([ticket.At(at).OwnerVersion]) : good.Length == 0;
            }).Check(PropertyCases.Some(1_000));

    private static string? Refuse(DateTimeOffset at, TicketHistory? ticket = null, DoorState? door = null, EventHistory? itsEvent = null, uint? step = null, bool isOut = false, int ownerVersion = 1) =>
        UploadRules.Refuse(Scan(at, step, isOut, ownerVersion), s_eventId, ticket ?? new TicketHistory(s_issued, []), door ?? s_door, itsEvent ?? s_asNow);

    private static UploadedScan Scan(DateTimeOffset at, uint? step = null, bool isOut = false, int ownerVersion = 1) =>
        new(new OpenedCode(new SealedTicket(Guid.Empty, (short)ownerVersion, 0), step), at, isOut);

    private static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
}
