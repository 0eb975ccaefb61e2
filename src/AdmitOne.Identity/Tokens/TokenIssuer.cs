using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Identity;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Identity.Tokens;

/// <summary>Access tokens of one membership. Each is written down, so that it can be revoked.</summary>
internal sealed class TokenIssuer(IdentityContext context, Sessions sessions, SigningKeys keys, IOptions<JwtOptions> options, TimeProvider clock)
{
    /// <summary>A token of an hour and the session that it belongs to.</summary>
    public async Task<string> IssueAsync(Person person, Membership membership, Device device, CancellationToken cancellationToken)
    {
        var session = await sessions.BeginAsync(person.Id, SessionKind.Token, device, TokenMint.DefaultLifetime, cancellationToken);
        var id = Guid.CreateVersion7().ToString();
        await NoteAsync(new IssuedToken(id, membership.TenantId, person.Id, session.Id, TokenMint.DefaultLifetime), cancellationToken);
        return await MintAsync(new TokenHolder(membership.TenantId, person.Id, membership.Role, person.Email ?? "", person.Name, person.EmailConfirmed), null, id, cancellationToken);
    }

    public Task NoteAsync(IssuedToken token, CancellationToken cancellationToken) => context.RunAsync("""
        delete from identity.issued_tokens where expires_at < @now - interval '1 minute';
        insert into identity.issued_tokens (jti, tenant_id, person_id, session_id, expires_at) values (@Id, @TenantId, @PersonId, @SessionId, @until) on conflict do nothing
        """, new { token.Id, token.TenantId, token.PersonId, token.SessionId, now = clock.GetUtcNow(), until = clock.GetUtcNow() + token.Lifetime }, cancellationToken);

    /// <summary>Signs with JWT_SECRET, or with the newest published key.</summary>
    public async Task<string> MintAsync(TokenHolder holder, TimeSpan? lifetime, string? id, CancellationToken cancellationToken) => keys.Algorithm == SecurityAlgorithms.HmacSha256
        ? new TokenMint(options.Value, clock).Mint(holder, lifetime, id)
        : new TokenMint(options.Value, clock, await keys.CurrentAsync(cancellationToken), keys.Algorithm).Mint(holder, lifetime, id);
}

internal sealed record IssuedToken(string Id, Guid TenantId, Guid PersonId, Guid? SessionId, TimeSpan Lifetime);
