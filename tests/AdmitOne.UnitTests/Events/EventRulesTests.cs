using System.Globalization;
using AdmitOne.Events.Events;

namespace AdmitOne.UnitTests.Events;

public sealed class EventRulesTests
{
    [Theory]
    [InlineData("https://images.example.com/a.png", true)]
    [InlineData("https://93.184.216.34/a.png", true)]
    [InlineData("https://[2606:2800:220:1::1]/a.png", true)]
    [InlineData("http://images.example.com/a.png", false)]
    [InlineData("https://user:pass@example.com/a.png", false)]
    [InlineData("https://localhost/a.png", false)]
    [InlineData("https://localhost./a.png", false)]
    [InlineData("https://db.internal/a.png", false)]
    [InlineData("https://intranet/a.png", false)]
    [InlineData("https://127.0.0.1/", false)]
    [InlineData("https://2130706433/", false)]
    [InlineData("https://0x7f.1/", false)]
    [InlineData("https://10.1.2.3/", false)]
    [InlineData("https://172.20.0.1/", false)]
    [InlineData("https://192.168.1.1/", false)]
    [InlineData("https://169.254.169.254/latest/meta-data", false)]
    [InlineData("https://100.64.0.1/", false)]
    [InlineData("https://0.0.0.0/", false)]
    [InlineData("https://[::1]/", false)]
    [InlineData("https://[::ffff:127.0.0.1]/", false)]
    [InlineData("https://[fe80::1]/", false)]
    [InlineData("https://[fd00::1]/", false)]
    [InlineData("https://[2002:7f00:1::]/", false)]
    [InlineData("/a.png", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("https://exa mple.com/", false)]
    public void An_image_lies_on_a_public_host(string url, bool isPublic) => Assert.Equal(isPublic, new PublicAddressAttribute().IsValid(url));

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("UTC", true)]
    [InlineData("Etc/GMT+3", true)]
    [InlineData("Berlin", false)]
    [InlineData("W. Europe Standard Time", false)]
    [InlineData("../../../etc/passwd", false)]
    [InlineData("/etc/localtime", false)]
    [InlineData("+02:00", false)]
    [InlineData("", false)]
    public void A_time_zone_is_one_of_IANA(string id, bool known) => Assert.Equal(known, new TimeZoneNameAttribute().IsValid(id));

    [Fact]
    public void What_is_left_out_follows_from_the_start()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var starts = now.AddDays(30);
        var times = EventTimes.Of(Event(starts), now);
        Assert.Null(times.Refuse());
        Assert.Equal((starts, now, starts), (times.DoorsAt, times.SalesStartAt, times.SalesEndAt));
        Assert.Equal((starts.AddHours(-4), starts.AddHours(3)), (times.CheckInFrom, times.CheckInUntil));
    }

    [Fact]
    public void Every_broken_order_of_times_is_named_at_its_place()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var starts = now.AddDays(30);
        var refusal = EventTimes.Of(Event(starts) with
        {
            EndsAt = starts,
            DoorsAt = starts.AddMinutes(1),
            SalesStartAt = starts.AddDays(2),
            SalesEndAt = starts.AddDays(1),
            CheckInFrom = starts,
            CheckInUntil = starts,
        }, now).Refuse();
        Assert.Equal(["/endsAt", "/doorsAt", "/salesStartAt", "/salesEndAt", "/checkInFrom"], refusal!.Errors.Select(e => e.Pointer));
    }

    // Doors open at 19:00, the event begins at 20:00 and ends at 23:00.
    [Theory]
    [InlineData("2027-03-20T19:00:00Z", "2027-03-20T15:00:00Z", "2027-03-20T19:00:00Z", "/checkInUntil")]
    [InlineData("2027-03-20T19:00:00Z", "2027-03-20T15:00:00Z", "2027-03-20T19:00:01Z", null)]
    [InlineData("2027-03-20T19:00:00Z", "2027-03-20T22:59:59Z", "2027-03-21T03:00:00Z", null)]
    [InlineData("2027-03-20T19:00:00Z", "2027-03-20T23:00:00Z", "2027-03-21T03:00:00Z", "/checkInFrom")]
    [InlineData("2027-03-20T19:00:00Z", "2026-03-20T19:00:00Z", "2026-03-20T22:00:00Z", "/checkInUntil")]
    [InlineData("2027-03-20T19:00:00Z", "2027-03-21T22:00:00Z", "2027-03-21T01:00:00Z", "/checkInFrom")]
    [InlineData("2027-03-13T20:00:00Z", null, null, null)]
    [InlineData("2027-03-13T19:59:59Z", null, null, "/doorsAt")]
    [InlineData("2024-03-20T19:00:00Z", null, null, "/doorsAt")]
    public void A_door_that_can_admit_nobody_is_refused(string doors, string? from, string? until, string? pointer)
    {
        static DateTimeOffset? At(string? time) => time is null ? null : DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
        var starts = At("2027-03-20T20:00:00Z")!.Value;
        var refusal = EventTimes.Of(Event(starts) with { DoorsAt = At(doors), CheckInFrom = At(from), CheckInUntil = At(until) }, starts.AddDays(-30)).Refuse();
        Assert.Equal(pointer is null ? [] : [pointer], refusal?.Errors.Select(e => e.Pointer) ?? []);
    }

    private static NewEvent Event(DateTimeOffset starts) =>
        new() { Name = "Gala", VenueId = Guid.CreateVersion7(), StartsAt = starts, EndsAt = starts.AddHours(3), TimeZone = "Europe/Berlin" };
}
