using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Identity;

/// <summary>Who is calling, as the verified token says. A handler takes it as a parameter; on a public route it is nullable.</summary>
public sealed record Caller(Guid TenantId, Guid UserId, string Role, string Email)
{
    internal static readonly object Item = new();

    /// <summary>False only if the token says that nobody has verified its e-mail address.</summary>
    public bool EmailIsVerified { get; init; } = true;

    public bool IsManager => Role is Roles.VenueManager or Roles.Admin;

    public static ValueTask<Caller?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Items[Item] as Caller);
    }
}
