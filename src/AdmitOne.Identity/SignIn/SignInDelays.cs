using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Text;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Identity.SignIn;

/// <summary>
/// Slows the guessing of passwords down, by account. After five wrong passwords from one network within a quarter of an hour, the next try of that account from there
/// must wait 2 s, then 4 s, up to 30 s; after twenty wrong ones from anywhere, every try of the account must. Nothing is locked: each wait ends by itself, and a right
/// password ends the network's count. Addresses without an account are counted alike.
/// </summary>
internal sealed class SignInDelays(NpgsqlDataSource source, IOptions<RateLimitOptions> limits, TimeProvider clock)
{
    private const string Anywhere = "";
    private const int FreeFromNetwork = 5;
    private const int FreeFromAnywhere = 20;
    private const int MaxSeconds = 30;
    private const int MaxCodes = 10;
    private const string CodePrefix = "code:";
    private static readonly TimeSpan s_codesForgotten = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_forgotten = TimeSpan.FromMinutes(15);

    /// <summary>Counts a try as failed before its password is looked at, so that many at once are no way around the wait.</summary>
    /// <returns>How long the next try must wait, if this one may not be made; else null.</returns>
    public async Task<TimeSpan?> BeginAsync(string email, string network, CancellationToken cancellationToken)
    {
        if (!limits.Value.Enabled) return null;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var now = clock.GetUtcNow();
        foreach (var (where, free) in new[] { (network, FreeFromNetwork), (Anywhere, FreeFromAnywhere) })
        {
            var row = await connection.QuerySingleAsync<Row>(new CommandDefinition("""
                insert into identity.failures (subject, network, failures, last_at) values (@account, @where, 0, @now)
                on conflict (subject, network) do update set failures = case when failures.last_at < @before then 0 else failures.failures end
                returning failures, last_at
                """, new { account = Key(email), where, now, before = now - s_forgotten }, transaction, cancellationToken: cancellationToken));
            var wait = row.LastAt + Delay(row.Failures - free) - now;
            if (row.Failures >= free && wait > TimeSpan.Zero) return wait;   // nothing is counted for a try that is not made
            await connection.ExecuteAsync(new CommandDefinition("update identity.failures set failures = failures + 1, last_at = @now where subject = @account and network = @where",
                new { account = Key(email), where, now }, transaction, cancellationToken: cancellationToken));
        }
        await transaction.CommitAsync(cancellationToken);
        return null;
    }

    /// <summary>The password was right: the network's failures are forgotten, and this try was none of the account's.</summary>
    public async Task SucceedAsync(string email, string network, CancellationToken cancellationToken)
    {
        if (!limits.Value.Enabled) return;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("""
            delete from identity.failures where subject = @account and network = @network;
            update identity.failures set failures = greatest(failures - 1, 0) where subject = @account and network = @Anywhere;
            delete from identity.failures where last_at < @old;
            """, new { account = Key(email), network, Anywhere, old = clock.GetUtcNow() - s_codesForgotten }, cancellationToken: cancellationToken));
    }

    /// <summary>Counts a try of a 6-digit code before it is compared. Whatever network it comes from, an address has ten of them in a day; the mailed link has no such limit.</summary>
    /// <returns>False if no more codes of this address may be tried.</returns>
    public async Task<bool> MayTryCodeAsync(string email, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var tries = await connection.QuerySingleAsync<int>(new CommandDefinition("""
            insert into identity.failures as f (subject, network, failures, last_at) values (@subject, @Anywhere, 1, @now)
            on conflict (subject, network) do update
               set failures = case when f.last_at < @before then 1 else f.failures + 1 end, last_at = case when f.last_at < @before or f.failures < @MaxCodes then @now else f.last_at end
            returning failures
            """, new { subject = Key(CodePrefix + email), Anywhere, now, before = now - s_codesForgotten, MaxCodes }, cancellationToken: cancellationToken));
        return tries <= MaxCodes;
    }

    /// <summary>The code was right: the address's tries begin anew.</summary>
    public async Task ForgetCodesAsync(string email, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("delete from identity.failures where subject = @subject", new { subject = Key(CodePrefix + email) },
            cancellationToken: cancellationToken));
    }

    private static TimeSpan Delay(int beyond) => TimeSpan.FromSeconds(Math.Min(MaxSeconds, 2 << Math.Clamp(beyond, 0, 4)));

    // The table says nothing about who tries to sign in.
    private static byte[] Key(string email) => SHA256.HashData(Encoding.UTF8.GetBytes(EmailAddress.Fold(email)));

    private sealed class Row
    {
        public int Failures { get; init; }
        public DateTimeOffset LastAt { get; init; }
    }
}
