using AdmitOne.Identity.People;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Identity.Tokens;

/// <summary>
/// Ends sessions and the tokens that were issued to them. Services are told by Redis at once, and read the list of revoked tokens every few seconds without it
/// (<see cref="RevokedTokens"/>). What can still make new tokens ends first.
/// </summary>
internal sealed class Revocations(IdentityContext context, Database database, RevokedTokens revoked, TimeProvider clock)
{
    /// <summary>Every device and program of a person.</summary>
    public async Task SignOutAsync(Guid personId, CancellationToken cancellationToken)
    {
        await context.RunAsync("""
            update identity.oidc_authorizations set status = 'revoked' where subject = @subject and status = 'valid';
            update identity.oidc_tokens set status = 'revoked' where subject = @subject and status = 'valid';
            update identity.sessions set revoked_at = @now where person_id = @personId and revoked_at is null;
            """, new { personId, subject = personId.ToString(), now = clock.GetUtcNow() }, cancellationToken);
        await RevokeAsync("person_id = @personId", new { personId, now = clock.GetUtcNow() }, cancellationToken);
    }

    /// <summary>The tokens of a person for one organiser: what a change of the role ends.</summary>
    public Task RevokeTokensAsync(Guid personId, Guid tenantId, CancellationToken cancellationToken) =>
        RevokeAsync("person_id = @personId and tenant_id = @tenantId", new { personId, tenantId, now = clock.GetUtcNow() }, cancellationToken);

    /// <summary>One device of a person.</summary>
    /// <returns>False if the person has no such session.</returns>
    public async Task<bool> EndSessionAsync(Guid personId, Guid sessionId, CancellationToken cancellationToken)
    {
        var ended = await context.RunAsync("update identity.sessions set revoked_at = coalesce(revoked_at, @now) where id = @sessionId and person_id = @personId",
            new { personId, sessionId, now = clock.GetUtcNow() }, cancellationToken);
        if (ended == 0) return false;
        await context.RunAsync("""
            update identity.oidc_tokens set status = 'revoked' where authorization_id = @id and status = 'valid';
            update identity.oidc_authorizations set status = 'revoked' where id = @id and status = 'valid';
            """, new { id = sessionId.ToString() }, cancellationToken);
        await RevokeAsync("session_id = @sessionId", new { sessionId, now = clock.GetUtcNow() }, cancellationToken);
        return true;
    }

    private async Task RevokeAsync(string which, object parameters, CancellationToken cancellationToken)
    {
        var tokens = await context.AskAsync<Row>($"select jti, tenant_id, expires_at from identity.issued_tokens where {which} and expires_at > @now", parameters, cancellationToken);
        foreach (var tenant in tokens.GroupBy(token => token.TenantId))
        {
            // A token is accepted for a little longer than it says.
            var kept = tenant.Select(token => (token.Jti, Keep: token.ExpiresAt - clock.GetUtcNow() + TimeSpan.FromMinutes(1))).ToList();
            await using (var work = await database.BeginAsync(tenant.Key, cancellationToken))
            {
                foreach (var (jti, keep) in kept) await RevokedTokens.RevokeAsync(work, tenant.Key, jti, keep, cancellationToken);
                await work.CommitAsync(cancellationToken);
            }
            foreach (var (jti, keep) in kept) await revoked.AnnounceAsync(tenant.Key, jti, keep);
        }
    }

    private sealed class Row
    {
        public string Jti { get; init; } = "";
        public Guid TenantId { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
    }
}
