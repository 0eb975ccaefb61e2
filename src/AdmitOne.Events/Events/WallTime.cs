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
    public static DateTimeOffset At(string timeZone, DateTime wall) => Both(timeZone, wall).First;

    /// <summary>Whether the clocks show this instant's time for the second time, after they went back.</summary>
    public static bool IsRepeated(string timeZone, DateTimeOffset instant) => At(timeZone, Of(timeZone, instant)) < instant;

    /// <summary>The second instant at which the clocks show this; the only one, if there is one.</summary>
    public static DateTimeOffset AtAgain(string timeZone, DateTime wall) => Both(timeZone, wall).Second;

    // By the offsets of the day before and the day after: .NET's own IsAmbiguousTime and IsInvalidTime miss some changes (Casablanca, around Ramadan).
    private static (DateTimeOffset First, DateTimeOffset Second) Both(string timeZone, DateTime wall)
    {
        var (zone, utc) = (Zone(timeZone), new DateTimeOffset(DateTime.SpecifyKind(wall, DateTimeKind.Utc)));
        var before = utc - zone.GetUtcOffset(utc.AddDays(-1));
        var after = utc - zone.GetUtcOffset(utc.AddDays(1));
        bool Shows(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, zone).DateTime == utc.DateTime;
        return (Shows(before), Shows(after)) switch
        {
            (true, true) => before < after ? (before, after) : (after, before),
            (false, true) => (after, after),
            _ => (before, before),
        };
    }

    private static TimeZoneInfo Zone(string timeZone) => TimeZoneInfo.FindSystemTimeZoneById(timeZone);
}

/// <summary>
/// An event's start moves; what lies around it moves by as much wall time, so that 20:00 stays 20:00 over a change of the clocks. A time that
/// the clocks show twice stays the first or the second of the two, and what was before or after the start stays so.
/// </summary>
public readonly record struct WallMove(string FromZone, DateTimeOffset From, string ToZone, DateTimeOffset To)
{
    public DateTimeOffset Of(DateTimeOffset instant)
    {
        if (From == To) return instant;
        var wall = WallTime.Of(ToZone, To) + (WallTime.Of(FromZone, instant) - WallTime.Of(FromZone, From));
        var (first, second) = (WallTime.At(ToZone, wall), WallTime.AtAgain(ToZone, wall));
        var side = instant.CompareTo(From);
        var (likely, other) = WallTime.IsRepeated(FromZone, instant) ? (second, first) : (first, second);
        return likely.CompareTo(To) == side ? likely
            : other.CompareTo(To) == side ? other
            // The clocks alone would put it on the other side of the start: it keeps its distance instead.
            : To + (instant - From);
    }

    /// <summary>Two instants, of which the second stays after the first.</summary>
    public (DateTimeOffset Start, DateTimeOffset End) Of(DateTimeOffset start, DateTimeOffset end)
    {
        var (movedStart, movedEnd) = (Of(start), Of(end));
        return (movedStart, start < end && movedEnd <= movedStart ? movedStart + (end - start) : movedEnd);
    }
}
