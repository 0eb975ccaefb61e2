using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Events;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Events.Schedule;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Calendar;

/// <summary>An event for the calendar of whoever goes there: one entry for each occurrence, or one for an event without a schedule.</summary>
public static class ShowCalendar
{
    private const string MediaType = "text/calendar";

    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapGet("/events/{id}/calendar.ics", HandleAsync).WithTags("Events")
            .WithName("ShowCalendar").WithSummary("An event as a calendar (iCalendar, RFC 5545)")
            .WithDescription("An entry keeps its UID for good and its SEQUENCE grows with each change, so that a calendar that subscribes follows; of a cancelled event it says CANCELLED.")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .Produces<string>(StatusCodes.Status200OK, MediaType).Produces(StatusCodes.Status304NotModified)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<ContentHttpResult, StatusCodeHttpResult, Refusal>> HandleAsync(
        Guid id, Caller? caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        if (await EventRows.FindAsync(work, "e.id = @id", new { id }, cancellationToken) is not { } found) return EventProblems.NotFound;
        await work.ActAsAsync(found.TenantId, cancellationToken);
        var text = Write(found, await ScheduleRows.ListAsync(work, id, after: null, ScheduleRows.MaxEntries, cancellationToken));

        CatalogueView.SayHowLongToKeep(context, caller);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 12))}\"";
        context.Response.Headers.ETag = tag;
        context.Response.Headers.ContentDisposition = $"inline; filename=\"{found.Slug}.ics\"";
        return EntityTag.IsKnown(context, tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Text(text, MediaType, Encoding.UTF8);
    }

    internal static string Write(EventBody of, IReadOnlyList<ScheduleEntry> schedule)
    {
        var calendar = new CalendarText()
            .Line("BEGIN", "VCALENDAR").Line("VERSION", "2.0").Line("PRODID", "-//AdmitOne//Event Service//EN").Line("CALSCALE", "GREGORIAN").Line("METHOD", "PUBLISH")
            .Words("X-WR-CALNAME", of.Name);
        if (schedule.Count == 0) WriteEntry(calendar, of, new Times(of.Id, of.StartsAt, of.EndsAt, Sequence: of.Version - 1, of.CreatedAt, of.UpdatedAt), of.Name);
        foreach (var entry in schedule)
        {
            // Both versions only grow, so their sum does.
            var times = new Times(entry.Id, entry.StartsAt, entry.EndsAt, of.Version + entry.Version - 2, entry.CreatedAt, Later(of.UpdatedAt, entry.UpdatedAt));
            WriteEntry(calendar, of, times, entry.Name is null ? of.Name : $"{of.Name}: {entry.Name}");
        }
        return calendar.Line("END", "VCALENDAR").ToString();
    }

    private static void WriteEntry(CalendarText calendar, EventBody of, Times times, string title) => calendar
        .Line("BEGIN", "VEVENT")
        .Line("UID", string.Create(CultureInfo.InvariantCulture, $"{times.Id}@admitone"))
        .Instant("DTSTAMP", times.UpdatedAt).Instant("CREATED", times.CreatedAt).Instant("LAST-MODIFIED", times.UpdatedAt)
        .Number("SEQUENCE", times.Sequence)
        .Instant("DTSTART", times.StartsAt).Instant("DTEND", times.EndsAt)
        .Words("SUMMARY", title).Words("DESCRIPTION", of.Description)
        .Words("LOCATION", of.Venue.Address is null ? of.Venue.Name : $"{of.Venue.Name}, {of.Venue.Address}")
        .Words("CATEGORIES", of.CategorySlug is null ? of.Tags : [of.CategorySlug, .. of.Tags])
        .Line("STATUS", of.Status switch
        {
            EventStatus.Cancelled => "CANCELLED",
            EventStatus.Draft or EventStatus.Review or EventStatus.Approved or EventStatus.Postponed => "TENTATIVE",
            _ => "CONFIRMED",
        })
        .Line("END", "VEVENT");

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private sealed record Times(Guid Id, DateTimeOffset StartsAt, DateTimeOffset EndsAt, int Sequence, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
}
