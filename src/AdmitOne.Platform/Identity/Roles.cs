namespace AdmitOne.Platform.Identity;

/// <summary>The roles of a token. Each contains the one before it; <see cref="Ops"/> stands apart and sees no business data.</summary>
public static class Roles
{
    public const string Customer = "customer";
    public const string VenueStaff = "venue_staff";
    public const string VenueManager = "venue_manager";
    public const string Admin = "admin";
    public const string Ops = "ops";

    public static readonly IReadOnlyList<string> All = [Customer, VenueStaff, VenueManager, Admin, Ops];
}

/// <summary>Who may call a route. A route without one of these words, or <c>AllowAnonymous</c>, answers nobody.</summary>
public static class Policies
{
    /// <summary>Anybody with a token may do for themselves what a customer may.</summary>
    public const string Customer = "customer";
    public const string VenueStaff = "venue_staff";
    public const string VenueManager = "venue_manager";
    public const string Admin = "admin";
    public const string AdminOrOps = "admin_or_ops";

    internal static IEnumerable<(string Policy, string[] Roles)> Table =>
    [
        (Customer, [Roles.Customer, Roles.VenueStaff, Roles.VenueManager, Roles.Admin]),
        (VenueStaff, [Roles.VenueStaff, Roles.VenueManager, Roles.Admin]),
        (VenueManager, [Roles.VenueManager, Roles.Admin]),
        (Admin, [Roles.Admin]),
        (AdminOrOps, [Roles.Admin, Roles.Ops]),
    ];
}
