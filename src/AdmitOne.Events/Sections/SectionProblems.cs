using AdmitOne.Events.Events;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace AdmitOne.Events.Sections;

public static class SectionProblems
{
    /// <summary>The venue may hold fewer people than the sections together would.</summary>
    public static readonly ProblemType OverVenueCapacity =
        new("over_venue_capacity", StatusCodes.Status422UnprocessableEntity, "The sections would hold more people than the venue may")
        {
            Like = "The venue may hold 1200, the other sections take 1000: 200 are left.",
        };

    /// <summary>So many are held or sold already. Refund or wait for holds to expire, then try again.</summary>
    public static readonly ProblemType CapacityBelowSold = new("capacity_below_sold", StatusCodes.Status409Conflict, "More is sold than that")
    {
        Like = "More tickets of this section are held or sold than it would hold.",
    };

    internal static readonly Refusal NotFound = PlatformProblems.NotFound.With("There is no section of this id here.");

    internal static Refusal EventIsOver(string status) => EventProblems.EditNotAllowed.With($"The event is {status}: its sections stay as they are.");

    /// <summary>What a constraint that refused the write means; null if it is none of these.</summary>
    internal static Refusal? OfConstraint(PostgresException broken) => broken.ConstraintName switch
    {
        "sections_code_key" => PlatformProblems.AlreadyExists.With("A section of this event has this code already; a section without a code gets one made from its name."),
        "section_stock_never_oversold" => CapacityBelowSold.With("More tickets of this section are held or sold than it would hold."),
        "stock_section_id_fkey" => EventProblems.EditNotAllowed.With("Ticket types are sold in this section (removed ones count too, they keep its history): it cannot be removed."),
        "sections_name_length" => PlatformProblems.Invalid("/name", "At most 100 characters."),
        "sections_code_length" => PlatformProblems.Invalid("/code", "At most 20 characters."),
        _ => null,
    };
}
