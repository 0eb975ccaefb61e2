using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AdmitOne.Platform.Redis;

/// <summary>
/// The one connection of a process to Redis, directly or by way of Sentinels. The client makes it anew when it breaks; what the client gives up on, such as
/// Sentinels that did not answer at the start, is tried again here with the next call.
/// </summary>
public sealed class RedisConnection(IOptions<RedisOptions> options, HostTraces traces, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan s_leastInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _one = new();
    private readonly List<Subscription> _subscriptions = [];
    private Task<ConnectionMultiplexer>? _connecting;
    private ConnectionMultiplexer? _sentinels;
    private IDisposable? _spans;
    private long _triedAt;

    /// <summary>The client, once it has been made.</summary>
    internal IConnectionMultiplexer Client { get; private set; } = null!;

    internal async ValueTask<IDatabase> DatabaseAsync() => (await ConnectAsync()).GetDatabase(options.Value.Database);

    /// <summary>Calls back with each message of the channel. It is subscribed to again with each new connection.</summary>
    internal async Task SubscribeAsync(string channel, Action<string> heard)
    {
        lock (_one) _subscriptions.Add(new Subscription(channel, heard));
        await SubscribeAllAsync(await ConnectAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _spans?.Dispose();
        if (_connecting is { IsCompletedSuccessfully: true }) await CloseAsync(await _connecting);
        if (_sentinels is not null) await CloseAsync(_sentinels);
    }

    private Task<ConnectionMultiplexer> ConnectAsync()
    {
        if (Volatile.Read(ref _connecting) is { IsCompletedSuccessfully: true } connected) return connected;
        lock (_one)
        {
            if (_connecting is null || (_connecting.IsFaulted && clock.GetElapsedTime(_triedAt) >= s_leastInterval)) (_triedAt, _connecting) = (clock.GetTimestamp(), OpenAsync());
            return _connecting;
        }
    }

    private async Task<ConnectionMultiplexer> OpenAsync()
    {
        await Task.Yield();
        var connection = string.IsNullOrEmpty(options.Value.Sentinels) ? await ConnectionMultiplexer.ConnectAsync(Direct()) : await FindPrimaryAsync();
        Client = connection;
        _spans = traces.Observe(this);
        await SubscribeAllAsync(connection);
        return connection;
    }

    private async Task<ConnectionMultiplexer> FindPrimaryAsync()
    {
        if (_sentinels is null)
        {
            var asked = Configure(options.Value.SentinelPassword);
            foreach (var (host, port) in RedisAddresses.Read(options.Value.Sentinels!)) asked.EndPoints.Add(host, port);
            asked.ServiceName = options.Value.SentinelService;
            _sentinels = await ConnectionMultiplexer.SentinelConnectAsync(asked);
        }
        var primary = Configure(options.Value.Password);
        primary.ServiceName = options.Value.SentinelService;
        primary.User = options.Value.User;
        // The client asks the Sentinels with calls that block.
        return await Task.Run(() => _sentinels.GetSentinelMasterConnection(primary));
    }

    private ConfigurationOptions Direct()
    {
        var direct = Configure(options.Value.Password);
        direct.User = options.Value.User;
        direct.EndPoints.Add(options.Value.Host, options.Value.Port);
        return direct;
    }

    private ConfigurationOptions Configure(string? password) => new()
    {
        Password = password,
        Ssl = options.Value.Tls,
        AbortOnConnectFail = false,
        ConnectTimeout = 2000,
        SyncTimeout = 2000,
        // A connection that goes silent without closing is given up after a few keep-alives, and made anew.
        AsyncTimeout = 500,
        KeepAlive = 5,
        // The default waits up to a minute after a long absence; all that is shared must agree again within seconds.
        ReconnectRetryPolicy = new LinearRetry(500),
        // What is asked while there is no connection fails at once, and is not sent when its caller has long gone on without it.
        BacklogPolicy = BacklogPolicy.FailFast,
        // Said explicitly: the client's default is RESP3, which sends pushes over the connection of commands.
        Protocol = RedisProtocol.Resp2,
        ClientName = "admitone",
    };

    private async Task SubscribeAllAsync(ConnectionMultiplexer connection)
    {
        Subscription[] missing;
        lock (_one)
        {
            missing = [.. _subscriptions.Where(subscription => subscription.On != connection)];
            foreach (var subscription in missing) subscription.On = connection;
        }
        foreach (var subscription in missing)
        {
            try
            {
                await connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal(subscription.Channel), (_, message) => subscription.Heard(message!));
            }
            catch (Exception fault) when (fault is RedisException or TimeoutException)
            {
                // The client has noted it, and subscribes as soon as it is connected.
            }
        }
    }

    private static async Task CloseAsync(ConnectionMultiplexer connection)
    {
        await connection.CloseAsync();
        connection.Dispose();   // closing alone leaves the client's writing threads, and all that its subscribers hold on to
    }

    private sealed class Subscription(string channel, Action<string> heard)
    {
        public string Channel { get; } = channel;

        public Action<string> Heard { get; } = heard;

        /// <summary>The connection on which it was made.</summary>
        public ConnectionMultiplexer? On { get; set; }
    }
}
