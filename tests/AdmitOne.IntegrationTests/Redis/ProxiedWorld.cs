using System.Globalization;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Redis;

/// <summary>What may come between the services and Redis.</summary>
public enum Trouble { Unreachable, Silent }

/// <summary>Two of each service, all of which reach Redis by way of a proxy that can fail. Redis itself goes on, and forgets nothing.</summary>
public sealed class ProxiedWorld : World
{
    /// <summary>How long after Redis is back a replica may still give the old answer.</summary>
    public static readonly TimeSpan Agreement = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _starting = new(1, 1);

    public ProxiedWorld(Stack stack) : this(stack, new TcpProxy(() => (stack.Redis.Host, stack.Redis.Port))) { }

    private ProxiedWorld(Stack stack, TcpProxy proxy)
        : base(stack, [("REDIS_PORT", proxy.Port.ToString(CultureInfo.InvariantCulture)), ("ENABLE_RATE_LIMITING", "true"), ("RATE_LIMIT_READ_MAX", "10000"), ("RATE_LIMIT_GLOBAL_MAX", "10000"),
            ("RATE_LIMIT_WRITE_MAX", "10000"), ("RATE_LIMIT_ADMIN_MAX", "10000")]) => Proxy = proxy;

    public TcpProxy Proxy { get; }

    /// <summary>Both Ticket Services: one in this process, one of its own.</summary>
    public async Task<Uri[]> TicketsReplicasAsync() => [TicketsUrl, (await ReplicasAsync()).Tickets];

    public async Task<Uri[]> EventsReplicasAsync() => [EventsUrl, (await ReplicasAsync()).Events];

    /// <summary>Puts the services through it: Redis is away, something changes, Redis is back.</summary>
    public async Task DuringAsync(Trouble trouble, Func<Task> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (trouble == Trouble.Unreachable) Proxy.Refuse();
        else Proxy.Swallow();
        try
        {
            await change();
        }
        finally
        {
            Proxy.Restore();
        }
    }

    /// <summary>Asks a replica until it gives the new answer. The old one is a failure if it was asked for later than five seconds after Redis was back.</summary>
    /// <returns>When the last old answer was asked for, zero if there was none.</returns>
    public static async Task<TimeSpan> AgreesAsync(string what, Func<Task<bool>> isNew)
    {
        ArgumentNullException.ThrowIfNull(isNew);
        var (back, old) = (TimeProvider.System.GetTimestamp(), TimeSpan.Zero);
        while (true)
        {
            var asked = TimeProvider.System.GetElapsedTime(back);
            if (await isNew()) break;
            old = asked;
            Assert.True(asked < Agreement, $"{what}: the old answer {asked.TotalSeconds:F1} s after Redis was back");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: agreed after {old.TotalSeconds:F1} s");
        return old;
    }

    private (Uri Tickets, Uri Events)? _replicas;

    private async Task<(Uri Tickets, Uri Events)> ReplicasAsync()
    {
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            Proxy.Restore();
            return _replicas ??= ((await StartReplicaAsync()).Url, (await StartEventsReplicaAsync()).Url);
        }
        finally
        {
            _starting.Release();
        }
    }
}
