using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Mvc;

namespace AdmitOne.Events.Catalogue;

/// <summary>What a list of events is narrowed by, in which order it comes, and where it goes on.</summary>
public sealed class EventFilter
{
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

    [FromQuery(Name = "q"), Description("Words in name, tags, venue or description; quotes, or and - work as in a search engine."), PlainText(200, ManyLines = true)]
    public string? Q { get; init; }

    [FromQuery(Name = "tag"), PlainText(50)]
    public string? Tag { get; init; }

    [FromQuery(Name = "organizer"), Description("The slug of an organiser."), PlainText(60)]
    public string? Organizer { get; init; }

    [FromQuery(Name = "sort"), Description("startsAt (soonest first), -createdAt (newest first) or relevance (best match first). Unless said otherwise relevance with q, startsAt without."),
     AllowedValues(BySoonest, ByNewest, ByRelevance, null, ErrorMessage = "Must be startsAt, -createdAt or relevance.")]
    public string? Sort { get; init; }

    [FromQuery(Name = "limit"), Description("20 by default."), Range(1, Paging.MaxLimit)]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("The nextCursor of the page before.")]
    public string? Cursor { get; init; }
}
