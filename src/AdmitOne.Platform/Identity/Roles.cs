namespace AdmitOne.Platform.Identity;

/// <summary>The roles of a token. Each contains the one before it; <see cref="Ops"/> stands apart and sees no business data.</summary>
public static class Roles
{
    public const string Customer = "customer";
    public const string VenueStaff = "venue_staff";
    public const string VenueManager = "venue_manager";
    public const string Admin = "admin";
    public const string Ops = "ops";

    /// <summary>No token can have it: a call whose signature was found good does.</summary>
    internal const string SignedService = "signed_service";

    /// <summary>A scanner with a credential of its own. No token has this role.</summary>
    public const string Device = "device";

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

    /// <summary>An admin's token, or a service's signature (<c>OrSignedCall</c>).</summary>
    public const string AdminOrService = "admin_or_service";

    /// <summary>An admin of the platform's own tenant.</summary>
    public const string PlatformAdmin = "platform_admin";

    /// <summary>Staff by their token, or a scanner by its credential.</summary>
    public const string Door = "door";

    /// <summary>The authentication scheme of a scanner's credential: <c>Authorization: Device &lt;id&gt;.&lt;secret&gt;</c>.</summary>
    public const string DeviceScheme = "Device";

    /// <summary>Whether a policy of the table allows a role. One that asks for more than a role is not in it, and allows nobody here.</summary>
    internal static bool Allow(string policy, string role)
    {
        foreach (var (named, roles) in Table)
            if (named == policy) return roles.Contains(role);
        return false;
    }

    internal static IReadOnlyList<(string Policy, string[] Roles)> Table { get; } =
    [
        (Customer, [Roles.Customer, Roles.VenueStaff, Roles.VenueManager, Roles.Admin]),
        (VenueStaff, [Roles.VenueStaff, Roles.VenueManager, Roles.Admin]),
        (VenueManager, [Roles.VenueManager, Roles.Admin]),
        (Admin, [Roles.Admin]),
        (AdminOrService, [Roles.Admin, Roles.SignedService]),
        (AdminOrOps, [Roles.Admin, Roles.Ops]),
        (Door, [Roles.VenueStaff, Roles.VenueManager, Roles.Admin, Roles.Device]),
    ];
}
