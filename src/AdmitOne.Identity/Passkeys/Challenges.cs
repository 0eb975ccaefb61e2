using AdmitOne.Identity.People;

namespace AdmitOne.Identity.Passkeys;

/// <summary>What a challenge is for.</summary>
internal static class ChallengeKinds
{
    public const string NewPasskey = "new_passkey";
    public const string Passkey = "passkey";
    public const string SecondFactor = "second_factor";
}

internal sealed class Challenge
{
    public Guid? PersonId { get; init; }
    public string State { get; init; } = "";
}

/// <summary>Steps of a sign-in that a browser must finish within minutes. Each is used once; only the digest of its key is stored.</summary>
internal sealed class Challenges(IdentityContext context, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <returns>The key by which the browser finishes the step.</returns>
    public async Task<string> IssueAsync(string kind, Guid? personId, string state, CancellationToken cancellationToken)
    {
        var (key, now) = (MailCodes.NewKey(), clock.GetUtcNow());
        await context.RunAsync("""
            delete from identity.challenges where expires_at < @now;
            insert into identity.challenges (key_hash, kind, person_id, state, expires_at) values (@hash, @kind, @personId, @state, @until);
            """, new { hash = MailCodes.HashOf(key), kind, personId, state, now, until = now + Lifetime }, cancellationToken);
        return key;
    }

    /// <summary>Finds a step and uses nothing up.</summary>
    public async Task<Challenge?> FindAsync(string key, string kind, CancellationToken cancellationToken) => (await context.AskAsync<Challenge>(
        "select person_id, state from identity.challenges where key_hash = @hash and kind = @kind and expires_at > @now",
        new { hash = MailCodes.HashOf(key), kind, now = clock.GetUtcNow() }, cancellationToken)).SingleOrDefault();

    /// <returns>Null if the key is none, is too old, or was used before.</returns>
    public async Task<Challenge?> UseAsync(string key, string kind, CancellationToken cancellationToken) => (await context.AskAsync<Challenge>(
        "delete from identity.challenges where key_hash = @hash and kind = @kind and expires_at > @now returning person_id, state",
        new { hash = MailCodes.HashOf(key), kind, now = clock.GetUtcNow() }, cancellationToken)).SingleOrDefault();
}
