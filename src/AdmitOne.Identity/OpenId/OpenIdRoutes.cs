using System.Security.Claims;
using AdmitOne.Identity.Pages;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace AdmitOne.Identity.OpenId;

/// <summary>What OpenIddict leaves to us: who is signed in, for which organiser, and whether a grant still holds.</summary>
internal static class OpenIdRoutes
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapMethods(OpenIdSetup.AuthorizePath, ["GET", "POST"], AuthorizeAsync).AllowAnonymous().WithTags("OpenID Connect").WithName("Authorize")
            .WithSummary("Sign in for a client (authorization code with PKCE); tenant says for which organiser").WithRateTier(RateTier.Global).ExcludeFromDescription();
        app.MapPost(OpenIdSetup.TokenPath, ExchangeAsync).AllowAnonymous().WithTags("OpenID Connect").WithName("Exchange")
            .WithSummary("Tokens for a code, a refresh token or client credentials").WithRateTier(RateTier.Global).CountedAsSignIn().ExcludeFromDescription();
    }

    private static async Task<IResult> AuthorizeAsync(
        HttpContext context, Accounts accounts, Memberships memberships, Sessions sessions, IOpenIddictApplicationManager applications, IOpenIddictAuthorizationManager authorizations,
        CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("This is no request of OpenID Connect.");
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (_, person))
        {
            var back = context.Request.PathBase + context.Request.Path + QueryString.Create(request.GetParameters().Select(p => KeyValuePair.Create(p.Key, (string?)p.Value)));
            return Results.LocalRedirect($"/sign-in?returnUrl={Uri.EscapeDataString(back)}");
        }
        var (membership, refusal) = await memberships.ChooseAsync(person, (string?)request["tenant"], cancellationToken);
        if (membership is null) return Forbid(Errors.InvalidRequest, refusal!.Errors.Length > 0 ? refusal.Errors[0].Message : refusal.Detail);

        var identity = new ClaimsIdentity(Scheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, person.Id.ToString()).SetClaim(AccessTokens.Tenant, membership.TenantId.ToString());
        if (request.HasScope(Scopes.Email)) identity.SetClaim(Claims.Email, person.Email).SetClaim(Claims.EmailVerified, person.EmailConfirmed);
        if (request.HasScope(Scopes.Profile)) identity.SetClaim(Claims.Name, person.Name);
        identity.SetScopes(request.GetScopes());
        identity.SetDestinations(claim => claim.Type is Claims.Email or Claims.EmailVerified or Claims.Name or AccessTokens.Tenant ? [Destinations.AccessToken, Destinations.IdentityToken] : [Destinations.AccessToken]);
        // A session of the person's, under the id of what they have allowed: either ends the other.
        var application = await applications.FindByClientIdAsync(request.ClientId!, cancellationToken) ?? throw new InvalidOperationException("The client is gone.");
        var authorization = await authorizations.CreateAsync(identity, person.Id.ToString(), (await applications.GetIdAsync(application, cancellationToken))!, AuthorizationTypes.AdHoc,
            identity.GetScopes(), cancellationToken);
        var id = await authorizations.GetIdAsync(authorization, cancellationToken);
        identity.SetAuthorizationId(id);
        await sessions.BeginAppAsync(Guid.Parse(id!), person.Id, Device.Of(context), OpenIdSetup.RefreshTokenLifetime, cancellationToken);
        return Results.SignIn(new ClaimsPrincipal(identity), properties: null, Scheme);
    }

    private static async Task<IResult> ExchangeAsync(
        HttpContext context, Accounts accounts, Memberships memberships, Sessions sessions, Programs programs, CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("This is no request of OpenID Connect.");
        context.NeverCache();
        if (request.IsClientCredentialsGrantType())
        {
            if (await programs.FindByClientAsync(request.ClientId!, cancellationToken) is not { } program) return Forbid(Errors.UnauthorizedClient, "This client has no organiser.");
            var own = new ClaimsIdentity(Scheme, Claims.Name, Claims.Role);
            own.SetClaim(Claims.Subject, program.Id.ToString()).SetClaim(AccessTokens.Tenant, program.TenantId.ToString());
            own.SetDestinations(_ => [Destinations.AccessToken]);
            return Results.SignIn(new ClaimsPrincipal(own), properties: null, Scheme);
        }
        var granted = (await context.AuthenticateAsync(Scheme)).Principal;
        if (!Guid.TryParse(granted?.GetClaim(Claims.Subject), out var personId) || !Guid.TryParse(granted?.GetAuthorizationId(), out var sessionId)
            || await accounts.FindAsync(personId, cancellationToken) is null || !await sessions.IsOpenAsync(sessionId, cancellationToken)
            || (await memberships.ListAsync(personId, cancellationToken)).All(m => m.TenantId.ToString() != granted!.GetClaim(AccessTokens.Tenant)))
            return Forbid(Errors.InvalidGrant, "The sign-in has ended.");
        return Results.SignIn(granted!, properties: null, Scheme);
    }

    private static IResult Forbid(string error, string description) => Results.Forbid(new AuthenticationProperties(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
    }), [Scheme]);
}
