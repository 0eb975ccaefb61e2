using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AdmitOne.Platform.Redis;

/// <summary>
/// What the services share outside the database. Nothing in here may be missed when it is gone; every call is bounded, because the client
/// waits for seconds on a server that has frozen.
/// </summary>
public sealed partial class RedisStore(RedisConnection connection, RedisMetrics metrics, ILogger<RedisStore> logger)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    /// <summary>Sets a key that must not exist yet.</summary>
    /// <returns>True if it was set, false if it was there before, null if Redis did not answer: the caller says what that means.</returns>
    public Task<bool?> TryClaimAsync(string key, TimeSpan keep) =>
        BoundedAsync<bool?>(RedisCall.Set, async redis => await redis.StringSetAsync(key, "1", keep, When.NotExists), null);

    /// <returns>Whether Redis answered, and if there are any, the bytes and how long Redis keeps them still.</returns>
    public Task<(bool Answered, byte[]? Bytes, TimeSpan Left)> GetBytesAsync(string key) => BoundedAsync<(bool, byte[]?, TimeSpan)>(RedisCall.Get, async redis =>
    {
        var found = await redis.StringGetWithExpiryAsync(key);
        return (true, (byte[]?)found.Value, found.Expiry ?? TimeSpan.Zero);
    }, (false, null, default));

    /// <returns>False if Redis did not answer.</returns>
    public Task<bool> PutBytesAsync(string key, byte[] bytes, TimeSpan keep) => BoundedAsync(RedisCall.Set, async redis => await redis.StringSetAsync(key, bytes, keep), false);

    /// <summary>Runs a script as one step that nothing comes between.</summary>
    /// <returns>The numbers it returned, or null if Redis did not answer.</returns>
    public Task<long[]?> RunAsync(string script, IReadOnlyList<string> named, long[] arguments) => BoundedAsync<long[]?>(RedisCall.Script, async redis =>
    {
        var keys = new RedisKey[named.Count];
        for (var n = 0; n < keys.Length; n++) keys[n] = named[n];
        var values = Array.ConvertAll(arguments, argument => (RedisValue)argument);
        try
        {
            return (long[]?)await redis.ScriptEvaluateAsync(script, keys, values);
        }
        catch (RedisServerException gone) when (gone.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // The client sends a script once and then its hash; a Redis that was started anew does not know it, and the client has noticed now.
            return (long[]?)await redis.ScriptEvaluateAsync(script, keys, values);
        }
    }, null);

    /// <returns>Whether Redis answered in time.</returns>
    public Task<bool> PingAsync() => BoundedAsync(RedisCall.Ping, async redis => await redis.PingAsync() < s_patience, false);

    /// <summary>Tells every process that listens. Who does not hear it must be right all the same.</summary>
    public Task PublishAsync(string channel, string message) =>
        BoundedAsync(RedisCall.Publish, async redis => await redis.PublishAsync(RedisChannel.Literal(channel), message), 0L);

    /// <summary>Hears what is published from now on, and again after Redis was away.</summary>
    public async Task SubscribeAsync(string channel, Action<string> heard)
    {
        try
        {
            await connection.SubscribeAsync(channel, heard);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            Away(fault);   // it is subscribed to with the first connection
        }
    }

    private async Task<T> BoundedAsync<T>(RedisCall kind, Func<IDatabase, Task<T>> call, T away)
    {
        try
        {
            var answer = await CallAsync(call).WaitAsync(s_patience);
            metrics.Answered(kind);
            return answer;
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            metrics.Away(kind);
            Away(fault);
            return away;
        }
    }

    private async Task<T> CallAsync<T>(Func<IDatabase, Task<T>> call) => await call(await connection.DatabaseAsync());

    [LoggerMessage(EventId = 1101, Level = LogLevel.Debug, Message = "Redis did not answer in time")]
    private partial void Away(Exception fault);
}
