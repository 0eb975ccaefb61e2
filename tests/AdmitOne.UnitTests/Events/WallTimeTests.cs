using System.Globalization;
using AdmitOne.Events.Events;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Events;

public sealed class WallTimeTests
{
    [Theory]
    [InlineData("Europe/Amsterdam", "2027-01-10T20:00:00", "2027-01-10T19:00:00Z")]
    [InlineData("Europe/Amsterdam", "2027-07-10T20:00:00", "2027-07-10T18:00:00Z")]
    [InlineData("Asia/Kathmandu", "2027-07-10T20:00:00", "2027-07-10T14:15:00Z")]
    // Twice: the first one. In Lord Howe the clocks change by half an hour.
    [InlineData("Europe/Berlin", "2027-10-31T02:30:00", "2027-10-31T00:30:00Z")]
    [InlineData("America/New_York", "2027-11-07T01:30:00", "2027-11-07T05:30:00Z")]
    [InlineData("Australia/Lord_Howe", "2027-04-04T01:45:00", "2027-04-03T14:45:00Z")]
    // Never: as far into the gap as after it.
    [InlineData("Europe/Berlin", "2027-03-28T02:30:00", "2027-03-28T01:30:00Z")]
    [InlineData("America/New_York", "2027-03-14T02:00:00", "2027-03-14T07:00:00Z")]
    [InlineData("Australia/Lord_Howe", "2027-10-03T02:10:00", "2027-10-02T15:40:00Z")]
    public void A_wall_time_means_one_instant(string zone, string wall, string instant) =>
        Assert.Equal(At(instant), WallTime.At(zone, DateTime.Parse(wall, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("Europe/Amsterdam", "2027-07-10T18:00:00Z", "2027-07-10T20:00:00+02:00")]
    [InlineData("Asia/Kathmandu", "2027-07-10T14:15:00Z", "2027-07-10T20:00:00+05:45")]
    [InlineData("America/St_Johns", "2027-01-10T00:00:00Z", "2027-01-09T20:30:00-03:30")]
    [InlineData("Europe/Berlin", "2027-10-31T01:30:00Z", "2027-10-31T02:30:00+01:00")]
    [InlineData("UTC", "2027-10-31T01:30:00Z", "2027-10-31T01:30:00+00:00")]
    public void An_instant_is_shown_with_its_distance_to_utc(string zone, string instant, string text) => Assert.Equal(text, WallTime.Text(zone, At(instant)));

    [Theory]
    // Saturday to Saturday over a change of the clocks: 20:00 stays 20:00, in both directions and on both sides of the equator.
    [InlineData("Europe/Amsterdam", "2027-03-20T19:00:00Z", "2027-04-03T18:00:00Z", "2027-03-20T22:30:00Z", "2027-04-03T21:30:00Z")]
    [InlineData("Europe/Amsterdam", "2027-10-30T18:00:00Z", "2027-11-06T19:00:00Z", "2027-10-31T18:00:00Z", "2027-11-07T18:00:00Z")]
    [InlineData("Australia/Sydney", "2027-03-27T09:00:00Z", "2027-04-10T10:00:00Z", "2027-03-27T12:00:00Z", "2027-04-10T13:00:00Z")]
    // The night itself: an act at 23:00 and one at 04:00 after the clocks went forward.
    [InlineData("Europe/Amsterdam", "2027-03-20T22:00:00Z", "2027-03-27T22:00:00Z", "2027-03-21T03:00:00Z", "2027-03-28T02:00:00Z")]
    [InlineData("Asia/Tokyo", "2027-03-20T10:00:00Z", "2027-03-27T11:00:00Z", "2027-03-20T12:00:00Z", "2027-03-27T13:00:00Z")]
    public void What_lies_around_a_start_moves_with_it_by_the_clock(string zone, string from, string to, string before, string after) =>
        Assert.Equal(At(after), new WallMove(zone, At(from), zone, At(to)).Of(At(before)));

    [Fact]
    public void What_does_not_move_stays_even_in_an_hour_that_comes_twice()
    {
        var second = At("2027-10-31T01:30:00Z");
        Assert.Equal(second, new WallMove("Europe/Berlin", second, "Europe/Berlin", second).Of(second));
    }

    [Fact]
    public void A_move_to_another_zone_keeps_what_the_clocks_say() =>
        Assert.Equal(At("2027-06-05T12:00:00Z"), new WallMove("Europe/Berlin", At("2027-06-05T18:00:00Z"), "Asia/Tokyo", At("2027-06-05T11:00:00Z")).Of(At("2027-06-05T19:00:00Z")));

    [Theory]
    // From the night on which 02:30 comes twice to the same night a year later: the second 02:30 stays the second, the first the first.
    [InlineData("2026-10-24T18:00:00Z", "2027-10-30T18:00:00Z", "2026-10-25T01:30:00Z", "2027-10-31T01:30:00Z")]
    [InlineData("2026-10-24T18:00:00Z", "2027-10-30T18:00:00Z", "2026-10-25T00:30:00Z", "2027-10-31T00:30:00Z")]
    // From an ordinary night to that one: what begins after a start in the second hour is in the second hour.
    [InlineData("2027-10-24T00:30:00Z", "2027-10-31T01:30:00Z", "2027-10-24T00:45:00Z", "2027-10-31T01:45:00Z")]
    [InlineData("2027-10-24T00:30:00Z", "2027-10-31T00:30:00Z", "2027-10-24T00:15:00Z", "2027-10-31T00:15:00Z")]
    // From the first 02:50 to the second 02:10 it is twenty minutes; by the clocks alone the end would lie before the start.
    [InlineData("2027-10-31T00:50:00Z", "2027-11-07T01:50:00Z", "2027-10-31T01:10:00Z", "2027-11-07T02:10:00Z")]
    public void A_time_in_an_hour_that_comes_twice_survives_a_move(string from, string to, string before, string after) =>
        Assert.Equal(At(after), new WallMove("Europe/Berlin", At(from), "Europe/Berlin", At(to)).Of(At(before)));

    [Fact]
    public void What_was_before_the_start_or_after_it_stays_so_in_every_zone() => Holds((move, instant) =>
        move.Of(instant).CompareTo(move.To) == instant.CompareTo(move.From));

    [Fact]
    public void The_clocks_show_the_same_distance_unless_they_skip_it_or_it_is_on_the_other_side_of_the_start() => Holds((move, instant) =>
    {
        var wall = WallTime.Of(move.ToZone, move.To) + (WallTime.Of(move.FromZone, instant) - WallTime.Of(move.FromZone, move.From));
        var candidates = new[] { WallTime.At(move.ToZone, wall), WallTime.AtAgain(move.ToZone, wall) };
        return move.From == move.To || candidates.All(candidate => WallTime.Of(move.ToZone, candidate) != wall) || WallTime.Of(move.ToZone, move.Of(instant)) == wall
            || candidates.All(candidate => candidate.CompareTo(move.To) != instant.CompareTo(move.From));
    });

    [Fact]
    public void The_first_of_two_stays_the_first_and_the_second_the_second_where_both_are_possible() => Holds((move, instant) =>
    {
        var (moved, side) = (move.Of(instant), instant.CompareTo(move.From));
        var wall = WallTime.Of(move.ToZone, moved);
        var (first, second) = (WallTime.At(move.ToZone, wall), WallTime.AtAgain(move.ToZone, wall));
        return move.From == move.To || first == second || first.CompareTo(move.To) != side || second.CompareTo(move.To) != side
            || moved == (WallTime.IsRepeated(move.FromZone, instant) ? second : first) || moved - move.To == instant - move.From;
    });

    [Fact]
    public void What_is_copied_to_its_own_date_stays_and_a_span_stays_one() => Holds((move, instant) =>
    {
        var (start, end) = move.Of(instant, instant.AddMinutes(40));
        return new WallMove(move.FromZone, move.From, move.FromZone, move.From).Of(instant) == instant && start < end;
    });

    private static readonly string[] s_zones =
    [
        "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Chatham", "Asia/Kathmandu", "UTC",
    ];

    private static readonly DateTimeOffset s_first = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Half of all instants lie within hours of a change of the clocks, where everything goes wrong that can.
    private static void Holds(Func<WallMove, DateTimeOffset, bool> property)
    {
        var changes = s_zones.ToDictionary(zone => zone, Changes);
        var minutes = Gen.Choose(0, 60 * 24 * 365 * 5).Select(minute => s_first.AddMinutes(minute));
        Gen<DateTimeOffset> Instants(string zone) => changes[zone].Count == 0 ? minutes
            : Gen.OneOf(minutes, Gen.Elements<DateTimeOffset>(changes[zone]).SelectMany(change => Gen.Choose(-300, 300).Select(minute => change.AddMinutes(minute))));
        var cases = Gen.Elements(s_zones).SelectMany(zone => Instants(zone).SelectMany(from => Instants(zone).SelectMany(to => Gen.OneOf(Gen.Choose(-600, 600), Gen.Choose(-60000, 60000))
            .Select(minute => (Move: new WallMove(zone, from, zone, to), Instant: from.AddMinutes(minute))))));
        Prop.ForAll(cases.ToArbitrary(), one => property(one.Move, one.Instant)).Check(PropertyCases.Some(3000));
    }

    private static List<DateTimeOffset> Changes(string id)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
        return [.. Enumerable.Range(0, 24 * 365 * 5).Select(hour => s_first.AddHours(hour)).Where(instant => zone.GetUtcOffset(instant) != zone.GetUtcOffset(instant.AddHours(1)))];
    }

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("UTC", true)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("posix/Europe/Berlin", false)]
    [InlineData("right/Europe/Berlin", false)]
    [InlineData("localtime", false)]
    [InlineData("posixrules", false)]
    [InlineData("Factory", false)]
    [InlineData("../../etc/passwd", false)]
    [InlineData("Europe/Nowhere", false)]
    [InlineData("W. Europe Standard Time", false)]
    [InlineData("", false)]
    public void A_zone_is_one_of_the_iana_database(string id, bool known) => Assert.Equal(known, TimeZones.Find(id) is not null);

    private static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
}
