using AdmitOne.Identity.People;
using AdmitOne.Identity.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace AdmitOne.Identity.OpenId;

/// <summary>
/// Makes the access token of a grant: signed, claimed and revocable as those of a sign-in, for ten minutes. The role is the membership's of this moment, so a refresh
/// after a change of role says the new one.
/// </summary>
internal sealed class AccessTokens(Accounts accounts, Memberships memberships, Programs programs, TokenIssuer tokens) : IOpenIddictServerHandler<GenerateTokenContext>
{
    /// <summary>The claim of codes and refresh tokens that says for which organiser they are.</summary>
    public const string Tenant = "tenant_id";

    /// <summary>The claim that says which session a grant is listed as.</summary>
    public const string Session = "admitone_session";

    public async ValueTask HandleAsync(GenerateTokenContext context)
    {
        if (context.TokenType != TokenTypeIdentifiers.AccessToken) return;
        var principal = context.Principal;
        if (!Guid.TryParse(principal.GetClaim(Claims.Subject), out var subject) || !Guid.TryParse(principal.GetClaim(Tenant), out var tenantId)) throw new InvalidOperationException("A grant has no person or no organiser.");
        var cancellationToken = context.CancellationToken;
        var id = Guid.CreateVersion7().ToString();
        var session = Guid.TryParse(principal.GetAuthorizationId(), out var authorization) ? authorization : (Guid?)null;
        TokenHolder holder;
        if (await accounts.FindAsync(subject, cancellationToken) is { } person)
        {
            var membership = (await memberships.ListAsync(subject, cancellationToken)).First(m => m.TenantId == tenantId);
            holder = new TokenHolder(tenantId, subject, membership.Role, person.Email ?? "", person.Name, person.EmailConfirmed);
        }
        else
        {
            var program = await programs.FindAsync(subject, cancellationToken) ?? throw new InvalidOperationException("A grant is of a program that is gone.");
            holder = new TokenHolder(program.TenantId, program.Id, program.Role, "", program.Name);
        }
        await tokens.NoteAsync(new IssuedToken(id, tenantId, subject, session, OpenIdSetup.AccessTokenLifetime), cancellationToken);
        context.Token = await tokens.MintAsync(holder, OpenIdSetup.AccessTokenLifetime, id, cancellationToken);
    }
}

/// <summary>A refresh token that its client revokes ends the device: its access tokens too.</summary>
internal sealed class RevokedSessions(Revocations revocations) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        if (Guid.TryParse(context.GenericTokenPrincipal.GetAuthorizationId(), out var session) && Guid.TryParse(context.GenericTokenPrincipal.GetClaim(Claims.Subject), out var person))
            await revocations.EndSessionAsync(person, session, context.CancellationToken);
    }
}
