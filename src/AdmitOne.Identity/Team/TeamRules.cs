using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Identity.Team;

internal static class TeamProblems
{
    /// <summary>Nobody gives a role that is above their own, changes somebody who has more, or makes administrators and operators: the platform does.</summary>
    public static readonly ProblemType AboveOwnRole = new("above_own_role", StatusCodes.Status403Forbidden, "That is more than your own role allows")
    {
        Like = "You may give the roles venue_staff and venue_manager.",
    };

    /// <summary>An organiser keeps at least one manager. Make somebody else one first.</summary>
    public static readonly ProblemType LastManager = new("last_manager", StatusCodes.Status409Conflict, "The last manager cannot go")
    {
        Like = "This is the organiser's only manager. Make somebody else one first.",
    };

    /// <summary>The invitation was accepted, cancelled or has expired, or the key is another one.</summary>
    public static readonly ProblemType InvitationInvalid = new("invitation_invalid", StatusCodes.Status404NotFound, "The invitation is not open")
    {
        Like = "It was accepted, cancelled or has expired: ask for another one.",
    };

    /// <summary>Somebody has an account with the invited address: its password is needed.</summary>
    public static readonly ProblemType WrongAccount = new("wrong_account", StatusCodes.Status403Forbidden, "The invitation is for another account")
    {
        Like = "Sign in with the address that was invited.",
    };
}

/// <summary>Who may give which role to whom.</summary>
internal static class TeamRules
{
    /// <summary>How much a role may do, compared with others. Operators stand apart: only the platform makes them.</summary>
    public static int Rank(string role) => role switch
    {
        Roles.Customer => 0,
        Roles.VenueStaff => 1,
        Roles.VenueManager => 2,
        _ => 3,
    };

    /// <summary>Whether a manager with <paramref name="own"/> may give <paramref name="role"/>.</summary>
    public static bool MayGive(string own, string role) => role is Roles.Customer or Roles.VenueStaff or Roles.VenueManager && Rank(role) <= Rank(own) && Rank(own) >= 2 && own != Roles.Ops;

    /// <summary>Whether a manager with <paramref name="own"/> may change or remove a member who has <paramref name="theirs"/>.</summary>
    public static bool MayChange(string own, string theirs) => theirs != Roles.Ops && own != Roles.Ops && Rank(own) >= 2 && Rank(theirs) <= Rank(own);

    public static bool IsManager(string role) => role is Roles.VenueManager or Roles.Admin;
}
