using System.Collections.Concurrent;
using System.Globalization;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Identity;

/// <summary>
/// Tokens that are not accepted any more although their dates are good, by <c>jti</c>. PostgreSQL keeps the list, and each replica has a copy in memory that is
/// used for five seconds and read again after two. A message over Redis makes a revocation known at once; without the message the next reading finds it (ADR 59).
/// </summary>
public sealed partial class RevokedTokens
{
    /// <summary>How long a token may have been good for that can be revoked.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(90);

    private const string Channel = "admitone:revoked";
    private const string Beginning = "0";

    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_renewAfter = TimeSpan.FromSeconds(2);

    // After a failover to a server that lacked the last transactions, their numbers are given out again: now and then everything is read.
    private static readonly TimeSpan s_wholeEach = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(Guid TenantId, string TokenId), long> _until = new();
    private readonly Lock _one = new();
    private readonly RedisStore _redis;
    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly ILogger<RevokedTokens> _logger;
    private Task? _reading;
    private long _readAt;   // 0: never
    private long? _wholeAt;
    private string _next = Beginning;

    internal RevokedTokens(RedisStore redis, Database database, TimeProvider clock, ILogger<RevokedTokens> logger) =>
        (_redis, _database, _clock, _logger) = (redis, database, clock, logger);

    /// <summary>Whether a tenant's token of this <paramref name="tokenId"/> was revoked. A database that does not answer is an exception: nothing is accepted on an old list.</summary>
    public async ValueTask<bool> IsRevokedAsync(Guid tenantId, string tokenId, CancellationToken cancellationToken)
    {
        if (TryFind(tenantId, tokenId, out var isRevoked)) return isRevoked;
        await ReadAsync().WaitAsync(cancellationToken);
        return _until.ContainsKey((tenantId, tokenId));
    }

    /// <summary>Writes it into the transaction; <see cref="AnnounceAsync"/> it when that is committed.</summary>
    /// <param name="keep">As long as the token could still be used.</param>
    public static async Task RevokeAsync(TenantWork work, Guid tenantId, string tokenId, TimeSpan keep, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await work.ExecuteAsync("""
            insert into platform.revoked_tokens (tenant_id, jti, expires_at) values (@tenantId, @tokenId, clock_timestamp() + @keep)
            on conflict (tenant_id, jti) do update
               set expires_at = greatest(revoked_tokens.expires_at, excluded.expires_at), revoked_in = excluded.revoked_in
            """, new { tenantId, tokenId, keep }, cancellationToken);
        await work.ExecuteAsync("delete from platform.revoked_tokens where expires_at < clock_timestamp()", null, cancellationToken);
    }

    /// <summary>Applies it in this process and sends it to the others. One that the message does not reach reads it within seconds.</summary>
    public Task AnnounceAsync(Guid tenantId, string tokenId, TimeSpan keep)
    {
        Add(tenantId, tokenId, keep);
        return _redis.PublishAsync(Channel, $"{tenantId:n} {(int)keep.TotalSeconds} {tokenId}");
    }

    /// <returns>False if the list has to be read first.</returns>
    internal bool TryFind(Guid tenantId, string tokenId, out bool isRevoked)
    {
        isRevoked = _until.ContainsKey((tenantId, tokenId));
        if (isRevoked) return true;
        var at = Volatile.Read(ref _readAt);
        var age = _clock.GetElapsedTime(at);
        if (at == 0 || age >= s_keep) return false;
        if (age >= s_renewAfter) _ = RenewAsync();
        return true;
    }

    internal Task ListenAsync() => _redis.SubscribeAsync(Channel, message =>
    {
        if (message.Split(' ', 3) is [var tenant, var seconds, { Length: > 0 } tokenId] && Guid.TryParseExact(tenant, "n", out var tenantId)
            && int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var keep))
            Add(tenantId, tokenId, TimeSpan.FromSeconds(keep));
    });

    private void Add(Guid tenantId, string tokenId, TimeSpan keep)
    {
        var until = _clock.GetTimestamp() + (long)(Math.Clamp(keep.TotalSeconds, 1, LongestLife.TotalSeconds) * _clock.TimestampFrequency);
        _until.AddOrUpdate((tenantId, tokenId), until, (_, before) => Math.Max(before, until));
    }

    // Callers that wait for the next reading get its exception.
    private async Task RenewAsync() => await ReadAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private Task ReadAsync()
    {
        lock (_one) return _reading ??= ReadAloneAsync();
    }

    private async Task ReadAloneAsync()
    {
        try
        {
            await Task.Yield();
            var at = _clock.GetTimestamp();
            var isWhole = _wholeAt is not { } whole || _clock.GetElapsedTime(whole) >= s_wholeEach;
            var next = await ReadSinceAsync(isWhole ? Beginning : _next);
            // Another server, whose transactions have other numbers.
            if (!isWhole && Number(next) < Number(_next)) (isWhole, next) = (true, await ReadSinceAsync(Beginning));
            _next = next;
            if (isWhole) Forget(at);
            Volatile.Write(ref _readAt, at);
        }
        finally
        {
            lock (_one) _reading = null;
        }
    }

    /// <returns>The transaction from which to read next.</returns>
    private async Task<string> ReadSinceAsync(string since)
    {
        var rows = await _database.AskForAllTenantsAsync<Row>(
            "select tenant_id, jti, keep_seconds, complete_to from platform.revocations_since(@since)", new { since }, CancellationToken.None);
        foreach (var row in rows)
            if (row is { TenantId: { } tenantId, Jti: { } tokenId, KeepSeconds: { } keep }) Add(tenantId, tokenId, TimeSpan.FromSeconds(keep));
        return rows[0].CompleteTo;
    }

    private static ulong Number(string transaction) => ulong.Parse(transaction, NumberStyles.None, CultureInfo.InvariantCulture);

    // Those that have expired would be refused for that.
    private void Forget(long now)
    {
        _wholeAt = now;
        foreach (var (token, until) in _until)
            if (until < now) _until.TryRemove(KeyValuePair.Create(token, until));
        HasRead(_until.Count);
    }

    private sealed class Row
    {
        public Guid? TenantId { get; init; }
        public string? Jti { get; init; }
        public int? KeepSeconds { get; init; }
        public string CompleteTo { get; init; } = Beginning;
    }

    [LoggerMessage(EventId = 1611, Level = LogLevel.Debug, Message = "{Count} revoked tokens are known")]
    private partial void HasRead(int count);
}
