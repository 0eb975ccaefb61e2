using System.Globalization;

namespace AdmitOne.Events.Events;

/// <summary>What the clocks of a place show, and which instant they mean.</summary>
public static class WallTime
{
    /// <returns>RFC 3339 with the zone's offset, such as <c>2026-11-22T20:30:00+01:00</c>.</returns>
    public static string Text(string timeZone, DateTimeOffset instant) =>
        TimeZoneInfo.ConvertTime(instant, Zone(timeZone)).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    public static DateTime Of(string timeZone, DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, Zone(timeZone)).DateTime;

    /// <summary>The instant at which the clocks show this. A time that they show twice is the first; one that they skip counts on from before the gap.</summary>
    /// <remarks>RFC 5545, section 3.3.5.</remarks>
    public static DateTimeOffset At(string timeZone, DateTime wall)
    {
        var zone = Zone(timeZone);
        wall = DateTime.SpecifyKind(wall, DateTimeKind.Unspecified);
        // No gap is longer than a day.
        var offset = zone.IsInvalidTime(wall) ? zone.GetUtcOffset(wall.AddDays(-1))
            : zone.IsAmbiguousTime(wall) ? zone.GetAmbiguousTimeOffsets(wall).Max()
            : zone.GetUtcOffset(wall);
        return new DateTimeOffset(wall, offset).ToUniversalTime();
    }

    private static TimeZoneInfo Zone(string timeZone) => TimeZoneInfo.FindSystemTimeZoneById(timeZone);
}

/// <summary>An event's start moves; what lies around it moves by as much wall time, so that 20:00 stays 20:00 over a change of the clocks.</summary>
public readonly record struct WallMove(string FromZone, DateTimeOffset From, string ToZone, DateTimeOffset To)
{
    public DateTimeOffset Of(DateTimeOffset instant) =>
        From == To ? instant : WallTime.At(ToZone, WallTime.Of(FromZone, instant) + (WallTime.Of(ToZone, To) - WallTime.Of(FromZone, From)));
}
