using AdmitOne.Platform.Problems;
using Npgsql;

namespace AdmitOne.Events.Events;

/// <summary>Refusals about events as such.</summary>
public static class EventProblems
{
    /// <summary>Nothing was kept. The venue service is asked before anything is written.</summary>
    public static readonly Refusal VenuesAway =
        PlatformProblems.DependencyUnavailable.With("The venue service does not answer; try again.") with { RetryAfterSeconds = 2 };

    /// <summary>The same words for an event that does not exist and for one that the caller may not know of.</summary>
    public static readonly Refusal NotFound = PlatformProblems.NotFound.With("There is no event of this id here.");

    // Normalising to NFC lengthens a few letters (U+0958 becomes two), so that a text can outgrow its bound in the database alone.
    internal static Refusal? OfConstraint(PostgresException broken) => broken.ConstraintName switch
    {
        "events_name_length" => PlatformProblems.Invalid("/name", "At most 200 characters."),
        "events_description_length" => PlatformProblems.Invalid("/description", "At most 10000 characters."),
        _ => null,
    };
}
