using System.Collections.Immutable;
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
using Microsoft.Extensions.DependencyInjection;
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
            .WithSummary("Tokens for a code, a device's code, a refresh token or client credentials").WithRateTier(RateTier.Global).CountedAsSignIn().ExcludeFromDescription();
        // OpenIddict answers these two itself. They are routes so that they are counted.
        app.MapPost(OpenIdSetup.DevicePath, Unanswered).AllowAnonymous().WithTags("OpenID Connect").WithName("AuthorizeDevice")
            .WithSummary("A code for a device without a browser, and one for its user").WithRateTier(RateTier.Global).CountedAsSignIn().ExcludeFromDescription();
        app.MapPost(OpenIdSetup.RevocationPath, Unanswered).AllowAnonymous().WithTags("OpenID Connect").WithName("Revoke")
            .WithSummary("End a refresh token and its device").WithRateTier(RateTier.Global).CountedAsSignIn().ExcludeFromDescription();
    }

    /// <summary>What a person allows a client, and the session that it is listed as.</summary>
    public static async Task<ClaimsPrincipal> GrantAsync(HttpContext context, Grant grant, CancellationToken cancellationToken)
    {
        var services = context.RequestServices;
        var (applications, authorizations) = (services.GetRequiredService<IOpenIddictApplicationManager>(), services.GetRequiredService<IOpenIddictAuthorizationManager>());
        var (person, scopes) = (grant.Person, grant.Scopes);
        var identity = new ClaimsIdentity(Scheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, person.Id.ToString()).SetClaim(AccessTokens.Tenant, grant.Membership.TenantId.ToString());
        if (scopes.Contains(Scopes.Email)) identity.SetClaim(Claims.Email, person.Email).SetClaim(Claims.EmailVerified, person.EmailConfirmed);
        if (scopes.Contains(Scopes.Profile)) identity.SetClaim(Claims.Name, person.Name);
        identity.SetScopes(scopes);
        identity.SetDestinations(claim => claim.Type is Claims.Email or Claims.EmailVerified or Claims.Name or AccessTokens.Tenant ? [Destinations.AccessToken, Destinations.IdentityToken] : [Destinations.AccessToken]);
        // A session of the person's, under the id of what they have allowed: either ends the other.
        var application = await applications.FindByClientIdAsync(grant.ClientId, cancellationToken) ?? throw new InvalidOperationException("The client is gone.");
        var authorization = await authorizations.CreateAsync(identity, person.Id.ToString(), (await applications.GetIdAsync(application, cancellationToken))!, AuthorizationTypes.AdHoc,
            identity.GetScopes(), cancellationToken);
        var id = await authorizations.GetIdAsync(authorization, cancellationToken);
        identity.SetAuthorizationId(id).SetClaim(AccessTokens.Session, id);
        await services.GetRequiredService<Sessions>().BeginAppAsync(Guid.Parse(id!), person.Id, grant.Device, OpenIdSetup.RefreshTokenLifetime, cancellationToken);
        return new ClaimsPrincipal(identity);
    }

    private static IResult Unanswered() => Results.NotFound();

    private static async Task<IResult> AuthorizeAsync(
        HttpContext context, Accounts accounts, Memberships memberships, Sessions sessions, CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("This is no request of OpenID Connect.");
        if (await BrowserCookie.FindAsync(context, sessions, accounts, cancellationToken) is not var (_, person))
        {
            var back = context.Request.PathBase + context.Request.Path + QueryString.Create(request.GetParameters().Select(p => KeyValuePair.Create(p.Key, (string?)p.Value)));
            return Results.LocalRedirect($"/sign-in?returnUrl={Uri.EscapeDataString(back)}");
        }
        var (membership, refusal) = await memberships.ChooseAsync(person, (string?)request["tenant"], cancellationToken);
        if (membership is null) return Forbid(Errors.InvalidRequest, refusal!.Errors.Length > 0 ? refusal.Errors[0].Message : refusal.Detail);
        var grant = new Grant(person, membership, request.ClientId!, request.GetScopes(), Device.Of(context));
        return Results.SignIn(await GrantAsync(context, grant, cancellationToken), properties: null, Scheme);
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
        // The code of a device was written down before anybody allowed it, and comes back with the authorization of that moment.
        if (granted?.GetClaim(AccessTokens.Session) is { } allowed) granted.SetAuthorizationId(allowed);
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

/// <summary>What a person allows a client for one organiser.</summary>
/// <param name="Device">As the person's list of sessions shows it.</param>
internal sealed record Grant(Person Person, Membership Membership, string ClientId, ImmutableArray<string> Scopes, Device Device);
