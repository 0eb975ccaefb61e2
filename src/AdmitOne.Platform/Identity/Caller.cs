using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Identity;

/// <summary>Who is calling, as the verified token says. A handler takes it as a parameter; on a public route it is nullable.</summary>
public sealed record Caller(Guid TenantId, Guid UserId, string Role, string Email)
{
    internal static readonly object Item = new();

    /// <summary>Whether the token says that its e-mail address was verified, or its issuer is one that verifies every address (<c>JWT_ISSUER_VERIFIES_EMAIL</c>).</summary>
    public bool EmailIsVerified { get; init; }

    /// <summary>Bought or wants to buy without a sign-in: a person of one guest token, who has no e-mail address.</summary>
    public bool IsGuest { get; init; }

    /// <summary>By which the token may be revoked; empty if it cannot be.</summary>
    internal string TokenId { get; init; } = "";

    /// <summary>The token's own end, without any leeway.</summary>
    internal DateTimeOffset TokenEndsAt { get; init; } = DateTimeOffset.MaxValue;

    public bool IsManager => Role is Roles.VenueManager or Roles.Admin;

    public bool IsStaff => IsManager || Role is Roles.VenueStaff;

    /// <summary>Lets a person read their own, and a manager everybody's.</summary>
    /// <param name="what">Such as <c>order</c>.</param>
    /// <param name="found">Who owns it; null if it is not there.</param>
    /// <returns>Why it may not be read, or null.</returns>
    public Refusal? RefuseUnlessMine(string what, Owner? found) =>
        found is null ? PlatformProblems.NotFound.With($"There is no such {what}.")
        : found.UserId == UserId || IsManager ? null
        : PlatformProblems.NotOwner.With($"The {what} is somebody else's.");

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    /// <summary>Who calls, for a handler that is asked too often to have it bound; null for nobody in particular.</summary>
    public static Caller? Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Items[Item] as Caller;
    }
}

/// <summary>Whose something is; nobody's if the id is null.</summary>
public sealed record Owner(Guid? UserId);
