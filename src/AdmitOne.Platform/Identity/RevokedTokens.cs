using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;

namespace AdmitOne.Platform.Identity;

/// <summary>
/// Tokens that are not accepted any more although their dates are good, by <c>jti</c>. The list is in Redis, and PostgreSQL keeps it: it is
/// asked while Redis does not answer, and a Redis that has lost the list is told it again. A replica asks when it checks a token, which it does
/// anew every 60 s: a revocation holds everywhere within that time, and at once on the replica that was told.
/// </summary>
public sealed class RevokedTokens
{
    /// <summary>How long a token may have been good for that can be revoked.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(90);

    // Says that Redis has the whole list. A token's own name never has this form: it begins with its tenant.
    private const string IsWhole = "revoked:whole";

    private readonly RedisStore _redis;
    private readonly Database _database;
    private readonly RememberedTokens _remembered;

    internal RevokedTokens(RedisStore redis, Database database, RememberedTokens remembered) => (_redis, _database, _remembered) = (redis, database, remembered);

    /// <summary>Whether a tenant's token of this <paramref name="tokenId"/> was revoked.</summary>
    public async Task<bool> IsRevokedAsync(Guid tenantId, string tokenId, CancellationToken cancellationToken)
    {
        if (await _redis.ReadAsync(Key(tenantId, tokenId), IsWhole) is [var listed, var whole] && (listed ?? whole) is not null) return listed is not null;
        await TellRedisAsync(cancellationToken);
        await using var work = await _database.BeginAsync(tenantId, cancellationToken);
        return await work.FindAsync<bool>(
            "select exists (select 1 from platform.revoked_tokens where jti = @tokenId and expires_at > clock_timestamp())", new { tokenId }, cancellationToken);
    }

    /// <summary>Writes it into the transaction; <see cref="AnnounceAsync"/> it when that is committed.</summary>
    /// <param name="keep">As long as the token could still be used.</param>
    public static async Task RevokeAsync(TenantWork work, Guid tenantId, string tokenId, TimeSpan keep, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await work.ExecuteAsync("""
            insert into platform.revoked_tokens (tenant_id, jti, expires_at) values (@tenantId, @tokenId, clock_timestamp() + @keep)
            on conflict (tenant_id, jti) do update set expires_at = greatest(revoked_tokens.expires_at, excluded.expires_at)
            """, new { tenantId, tokenId, keep }, cancellationToken);
        await work.ExecuteAsync("delete from platform.revoked_tokens where expires_at < clock_timestamp()", null, cancellationToken);
    }

    /// <summary>Puts it where the replicas look. If Redis is away they look in PostgreSQL.</summary>
    public async Task AnnounceAsync(Guid tenantId, string tokenId, TimeSpan keep)
    {
        await _redis.PutAsync(Key(tenantId, tokenId), keep);
        _remembered.Forget();
    }

    private async Task TellRedisAsync(CancellationToken cancellationToken)
    {
        // One replica at a time, and not more often than it takes.
        if (await _redis.TryClaimAsync("revoked:telling", TimeSpan.FromSeconds(2)) is not true) return;
        foreach (var revoked in await _database.AskForAllTenantsAsync<Revoked>("select tenant_id, jti, keep_seconds from platform.revocations()", null, cancellationToken))
            if (await _redis.PutAsync(Key(revoked.TenantId, revoked.Jti), TimeSpan.FromSeconds(revoked.KeepSeconds)) is false) return;
        await _redis.TryClaimAsync(IsWhole, TimeSpan.FromDays(1));
    }

    private static string Key(Guid tenantId, string tokenId) => $"revoked:{tenantId:n}:{tokenId}";

    private sealed record Revoked(Guid TenantId, string Jti, int KeepSeconds);
}
