using System.Collections.Concurrent;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AdmitOne.IntegrationTests.Outbox;

public sealed class ConsumerTests(World world) : IClassFixture<World>
{
    private static readonly string[] s_poisonThenGood = ["test.poison", "test.good"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_message_is_handled_in_its_tenants_order_and_other_types_are_passed_over()
    {
        var (one, two) = (await world.NewTenantAsync(), await world.NewTenantAsync());
        foreach (var n in Enumerable.Range(1, 30)) await world.TellAsync(n % 3 == 0 ? "test.other" : "test.wanted", n, n % 2 == 0 ? one : two);
        await using var consumer = new Listener(world.EventsServices, "in-order", ["test.wanted"]);

        await world.AllNumberedAsync();
        await World.UntilAsync("both cursors are at the head", () => CaughtUpAsync("in-order", one, two));

        Assert.Equal(Enumerable.Range(1, 30).Where(n => n % 3 != 0 && n % 2 == 0), consumer.Heard.Where(h => h.Tenant == one).Select(h => h.N));
        Assert.Equal(Enumerable.Range(1, 30).Where(n => n % 3 != 0 && n % 2 == 1), consumer.Heard.Where(h => h.Tenant == two).Select(h => h.N));
    }

    [Fact]
    public async Task Two_replicas_of_a_consumer_share_the_work_and_none_is_done_twice()
    {
        var tenants = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.NewTenantAsync()));
        await using var first = new Listener(world.EventsServices, "shared", ["test.shared"]);
        await using var second = new Listener(world.TicketsServices, "shared", ["test.shared"]);

        await Task.WhenAll(tenants.Select(async tenant =>
        {
            foreach (var n in Enumerable.Range(1, 25)) await world.TellAsync("test.shared", n, tenant);
        }));
        await world.AllNumberedAsync();
        await World.UntilAsync("all cursors are at the head", () => CaughtUpAsync("shared", tenants));

        // What was committed, in the order of the commits: an effect that was rolled back with its cursor does not count.
        foreach (var tenant in tenants)
            Assert.Equal(Enumerable.Range(1, 25), await EffectsAsync(tenant));
    }

    [Fact]
    public async Task A_message_that_fails_is_tried_again_before_any_later_one_and_holds_up_nobody_elses()
    {
        var (sick, well) = (await world.NewTenantAsync(), await world.NewTenantAsync());
        await world.TellAsync("test.good", 0, sick);
        await world.TellAsync("test.poison", 1, sick);
        await world.TellAsync("test.good", 2, sick);
        await world.TellAsync("test.good", 3, well);
        await world.AllNumberedAsync();   // so that they are looked at together
        await using var consumer = new Listener(world.EventsServices, "poisoned", s_poisonThenGood) { IsSick = true };

        await World.UntilAsync("the other tenant's message is handled", () => CaughtUpAsync("poisoned", well));
        await World.UntilAsync("it failed twice", async () => await FailuresAsync(sick) >= 2);
        Assert.Equal(new[] { 0 }, await EffectsAsync(sick));   // what came before it is done, and once
        Assert.Equal(new[] { 3 }, await EffectsAsync(well));
        Assert.True(await world.Ask<bool>("select next_attempt_at > clock_timestamp() from platform.outbox_cursors where tenant_id = @sick and consumer = 'poisoned'", new { sick }));

        consumer.IsSick = false;
        await world.Sql("update platform.outbox_cursors set next_attempt_at = clock_timestamp() where tenant_id = @sick", new { sick });
        await World.UntilAsync("both are handled", () => CaughtUpAsync("poisoned", sick));
        Assert.Equal(new[] { 0, 1, 2 }, await EffectsAsync(sick));
        Assert.Equal(0, await FailuresAsync(sick));
    }

    private Task<int> FailuresAsync(Guid tenant) => world.Ask<int>("select failures from platform.outbox_cursors where tenant_id = @tenant and consumer = 'poisoned'", new { tenant });

    private async Task<bool> CaughtUpAsync(string consumer, params Guid[] tenants) => await world.Ask<int>("""
        select count(*) from platform.outbox_heads h join platform.outbox_cursors c on c.tenant_id = h.tenant_id and c.sequence = h.sequence
         where c.consumer = @consumer and h.tenant_id = any (@tenants) and not exists (select from platform.outbox_waiting w where w.tenant_id = h.tenant_id)
        """, new { consumer, tenants }) == tenants.Length;

    // The consumer's effect is a row of the audit log: something of ours that a service may write.
    private async Task<int[]> EffectsAsync(Guid tenant) =>
        await world.Ask<int[]>("select coalesce(array_agg(after::text::int order by occurred_at), '{}') from platform.audit_log where tenant_id = @tenant and action = 'test.heard'", new { tenant }) ?? [];

    private sealed class Listener : OutboxConsumer, IAsyncDisposable
    {
        private readonly IReadOnlyCollection<string> _types;

        public Listener(IServiceProvider services, string name, IReadOnlyCollection<string> types)
            : base(name, services.GetRequiredService<Database>(), services.GetRequiredService<OutboxBells>(), services.GetRequiredService<OutboxMetrics>(), TimeProvider.System, NullLogger.Instance)
        {
            _types = types;
            StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        }

        public ConcurrentQueue<(Guid Tenant, int N)> Heard { get; } = new();

        public volatile bool IsSick;

        protected override IReadOnlyCollection<string> Types => _types;

        public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

        protected override async Task HandleAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken)
        {
            var n = message.Data.GetProperty("n").GetInt32();
            Heard.Enqueue((work.TenantId, n));
            await work.AuditAsync(Actor.OfSystem("test"), new AuditEntry("test.heard", "test", message.ResourceId, null, n), cancellationToken);
            if (IsSick && message.Type == "test.poison") throw new InvalidOperationException("It cannot be handled.");
        }
    }
}
