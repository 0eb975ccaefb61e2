using System.Collections.Immutable;
using AdmitOne.Events.Venues;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace AdmitOne.Events.Events;

/// <summary>Refusals about events as such.</summary>
public static class EventProblems
{
    /// <summary>Nothing was kept. The venue service is asked before anything is written.</summary>
    private static readonly Refusal s_venuesAway =
        PlatformProblems.DependencyUnavailable.With("The venue service does not answer; try again.") with { RetryAfterSeconds = VenuesClient.RetryAfterSeconds };

    /// <summary>The same words for an event that does not exist and for one that the caller may not know of.</summary>
    public static readonly Refusal NotFound = PlatformProblems.NotFound.With("There is no event of this id here.");

    /// <summary>Tickets of it were ordered; what people hold must be found. Cancelling it gives their money back.</summary>
    public static readonly ProblemType EventHasSales = new("event_has_sales", StatusCodes.Status409Conflict, "Tickets of the event were sold")
    {
        Like = "Tickets of it were ordered: their holders must find it. Cancel it, if it does not take place.",
    };

    /// <summary>The event's state, or what depends on the thing, does not let it be changed any more.</summary>
    public static readonly ProblemType EditNotAllowed = new("edit_not_allowed", StatusCodes.Status409Conflict, "It cannot be changed like that any more")
    {
        Like = "Tickets are held or sold, and their buyers were promised otherwise: timeZone cannot be changed like that.",
        LikeMembers = ImmutableDictionary.CreateRange<string, object>([new("properties", new[] { "timeZone" })]),
    };

    /// <summary>A slug is unique among the events of an organiser.</summary>
    internal static readonly Refusal SlugTaken = PlatformProblems.AlreadyExists.With("Another event of yours has this slug; choose another one, or leave it out.");

    internal static readonly Refusal NoCategory = PlatformProblems.Invalid("/categorySlug", "There is no such category; GET /api/v1/categories lists them.");

    internal static Refusal WithoutVenue(bool isAway) => isAway ? s_venuesAway : PlatformProblems.Invalid("/venueId", "There is no such venue of yours.");

    // Normalising to NFC lengthens a few letters (U+0958 becomes two), so that a text can outgrow its bound in the database alone.
    internal static Refusal? OfConstraint(PostgresException broken) => broken.ConstraintName switch
    {
        "ix_events_slug" => SlugTaken,
        "events_name_length" => PlatformProblems.Invalid("/name", "At most 200 characters."),
        "events_description_length" => PlatformProblems.Invalid("/description", "At most 10000 characters."),
        _ => null,
    };
}
