using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Mvc;

namespace AdmitOne.Events.Catalogue;

/// <summary>What a list of events is narrowed by, in which order it comes, and where it goes on.</summary>
public sealed class EventFilter
{
    public const string ByUpcoming = "upcoming";
    public const string BySoonest = "startsAt";
    public const string ByNewest = "-createdAt";
    public const string ByRelevance = "relevance";

    [FromQuery(Name = "status"), Description("A state, such as on_sale."), EventStatusWord]
    public string? Status { get; init; }

    [FromQuery(Name = "category"), Description("The slug of a category."), PlainText(60)]
    public string? Category { get; init; }

    [FromQuery(Name = "from"), Description("Starts at this instant or later.")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to"), Description("Starts before this instant.")]
    public DateTimeOffset? To { get; init; }

    [FromQuery(Name = "endsFrom"), Description("Ends at this instant or later; now leaves out what is over."), InstantOrNow]
    public string? EndsFrom { get; init; }

    [FromQuery(Name = "q"), Description("Words in name, tags, venue or description, or their beginnings; quotes, or and - work as in a search engine."), PlainText(200, ManyLines = true)]
    public string? Q { get; init; }

    [FromQuery(Name = "tag"), Description("Has this tag, in any case."), PlainText(50)]
    public string? Tag { get; init; }

    [FromQuery(Name = "organizer"), Description("The slug of an organiser."), PlainText(60)]
    public string? Organizer { get; init; }

    [FromQuery(Name = "sort"), Description("upcoming (what is on now or comes next first, what is over last), startsAt (soonest first), -createdAt (newest first) or relevance (best match first). Unless said otherwise relevance with q, upcoming without."),
     AllowedValues(ByUpcoming, BySoonest, ByNewest, ByRelevance, null, ErrorMessage = "Must be upcoming, startsAt, -createdAt or relevance.")]
    public string? Sort { get; init; }

    [FromQuery(Name = "limit"), Description("20 by default."), Range(1, Paging.MaxLimit)]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("The nextCursor of the page before.")]
    public string? Cursor { get; init; }
}

/// <summary>An instant as RFC 3339 writes it, or <c>now</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class InstantOrNowAttribute() : ValidationAttribute("Must be now or an instant such as 2026-11-22T19:30:00Z.")
{
    public override bool IsValid(object? value) => value is not string text || text == "now" || TryRead(text, out _);

    /// <returns>False for a text that is no instant with an offset.</returns>
    internal static bool TryRead(string text, out DateTimeOffset instant)
    {
        instant = default;
        return text.Length >= 20 && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out instant);
    }
}
