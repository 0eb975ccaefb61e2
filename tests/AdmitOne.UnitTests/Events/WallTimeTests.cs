using System.Globalization;
using AdmitOne.Events.Events;

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
