using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Platform.Identity;

/// <summary>A credential that a feature's own scheme turned away, with what its caller is told.</summary>
public sealed class RefusedCredentialException(Refusal refusal) : Exception(refusal.Detail)
{
    public Refusal Refusal { get; } = refusal;
}

/// <summary>Says why a call was turned away, before its body is looked at.</summary>
internal sealed class AuthorizationAnswers(RefusedAttempts? attempts = null) : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            await next(context);
            return;
        }
        // Asked again, not anew: the handler keeps its answer for the request, and the middleware keeps only those that succeeded.
        var failure = (await context.AuthenticateAsync()).Failure;
        var refusal = failure switch
        {
            RefusedCredentialException credential => credential.Refusal,
            TokenChecks.TenantIsSuspended => PlatformProblems.TenantSuspended.With("Ask the platform's administrator to resume it."),
            TokenChecks.IssuerIsAway => PlatformProblems.DependencyUnavailable.With("The auth service's keys cannot be read right now; try again.") with { RetryAfterSeconds = 5 },
            SecurityTokenExpiredException => PlatformProblems.TokenExpired.With("Get a new token and try again."),
            not null => PlatformProblems.TokenInvalid.With("Its signature, issuer, audience, dates or claims are not accepted."),
            null when authorizeResult.Challenged => PlatformProblems.TokenMissing.With("Send Authorization: Bearer <token>."),
            null => PlatformProblems.RoleRequired.With($"One of these roles may: {string.Join(", ", RolesOf(policy))}."),
        };
        if (refusal.Type == PlatformProblems.RoleRequired && attempts is not null && context.Items[Caller.Item] is Caller caller && RolesOf(policy).Contains(Roles.Admin)
            && !RolesOf(policy).Contains(Roles.VenueStaff))
            await attempts.NoteAsync(caller, context);
        await ProblemWriter.WriteAsync(context, refusal);
    }

    private static IEnumerable<string> RolesOf(AuthorizationPolicy policy) =>
        policy.Requirements.OfType<Microsoft.AspNetCore.Authorization.Infrastructure.RolesAuthorizationRequirement>().SelectMany(r => r.AllowedRoles).Distinct();
}
