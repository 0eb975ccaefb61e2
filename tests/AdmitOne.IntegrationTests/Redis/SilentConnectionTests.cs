using System.Globalization;
using System.Net;
using AdmitOne.Cli.Doctor;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.RateLimiting;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Redis;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Redis;

/// <summary>A connection to Redis that goes silent without closing, as behind a network that drops packets: it is given up, and another one is used.</summary>
public sealed class SilentConnectionTests(ProxiedWorld world, Stack stack) : IClassFixture<ProxiedWorld>
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(6);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commands_are_answered_again_within_six_seconds_and_readiness_says_so()
    {
        var replicas = await world.EventsReplicasAsync();
        var sale = await world.PutOnSaleAsync(1);
        foreach (var url in replicas) await World.UntilAsync(async () => await CallAsync(url) == HttpStatusCode.OK);

        world.Proxy.SwallowOld();
        var silent = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(replicas.Select(async url =>
        {
            var refused = TimeSpan.Zero;
            while (true)
            {
                var asked = TimeProvider.System.GetElapsedTime(silent);
                var status = await CallAsync(url);
                if (status == HttpStatusCode.OK) break;
                Assert.Equal(HttpStatusCode.ServiceUnavailable, status);   // a replay cannot be ruled out meanwhile
                Assert.True(asked < s_longest, $"{url} still cannot reach Redis after {asked.TotalSeconds:F1} s");
                refused = asked;
                await Task.Delay(50, Stop);
            }
            TestContext.Current.TestOutputHelper?.WriteLine($"commands answered again at {url}: {refused.TotalSeconds:F1} s");
            using var client = world.Client(url);
            await World.UntilAsync(async () => (await client.GetJsonAsync("/health/ready")).Text("status") == "ready", s_longest);
        }));

        async Task<HttpStatusCode> CallAsync(Uri url)
        {
            using var answer = await world.CallSignedAsync(url, sale.EventId);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_Redis_that_has_forgotten_its_scripts_is_given_them_again()
    {
        using var redis = await RedisLine.OpenAsync(new RedisOptions { Host = stack.Redis.Host, Port = stack.Redis.Port, Password = stack.Redis.Password }, Stop);
        await World.UntilAsync("a call is counted in Redis right after it has lost them", async () =>
        {
            await redis.AskAsync(Stop, "SCRIPT", "FLUSH");
            var before = await CountedAsync("redis");
            using var buyer = world.Tickets(Roles.Customer);
            using var answer = await LimitedWorld.HoldNothingAsync(buyer);
            return await CountedAsync("redis") > before;
        });

        async Task<double> CountedAsync(string by)
        {
            using var scraper = world.Tickets();
            var line = (await scraper.GetStringAsync("/metrics", Stop)).Split('\n').Single(line => line.StartsWith($"admitone_limits_decided_total{{by=\"{by}\"}}", StringComparison.Ordinal));
            return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public async Task Messages_between_replicas_are_heard_again()
    {
        var replica = (await world.TicketsReplicasAsync())[1];
        world.Proxy.SwallowOld();
        await HearsAsync(replica);
    }

    [Fact]
    public async Task A_service_that_started_without_Redis_uses_it_once_it_is_there()
    {
        await using var proxy = new TcpProxy(() => (stack.Redis.Host, stack.Redis.Port));
        proxy.Refuse();
        var replica = await world.StartReplicaAsync(("REDIS_PORT", $"{proxy.Port}"));
        using var client = world.Client(replica.Url);
        Assert.Equal("degraded", (await client.GetJsonAsync("/health/ready")).Text("status"));
        proxy.Restore();
        await World.UntilAsync(async () => (await client.GetJsonAsync("/health/ready")).Text("status") == "ready", s_longest);
        await HearsAsync(replica.Url);
    }

    private Task HearsAsync(Uri replica) => World.UntilAsync("a revocation is heard at once", async () =>
    {
        using var admin = world.Tickets(Roles.Admin);
        var token = world.Token(Roles.Customer);
        using var person = world.Client(replica);
        person.DefaultRequestHeaders.Authorization = new("Bearer", token);
        await person.GetJsonAsync("/api/v1/orders");   // the replica has read the list just now, or not two seconds ago
        using var done = await admin.PostAsync("/api/v1/admin/tokens/revoke", new { jti = new JsonWebToken(token).Id });
        await Task.Delay(100, Stop);
        using var answer = await person.GetAsync("/api/v1/orders", Stop);
        return answer.StatusCode == HttpStatusCode.Unauthorized;
    });
}
