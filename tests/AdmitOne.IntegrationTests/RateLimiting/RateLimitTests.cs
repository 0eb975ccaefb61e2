using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.RateLimiting;

/// <summary>How many calls one caller may make, on one replica and over several.</summary>
public sealed class RateLimitTests(LimitedWorld world) : IClassFixture<LimitedWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_sixth_hold_in_a_minute_is_refused_even_if_the_five_before_broke_a_rule()
    {
        using var buyer = world.From(LimitedWorld.NewAddress(), role: Roles.Customer);
        for (var left = 4; left >= 0; left--)
        {
            using var answer = await LimitedWorld.HoldNothingAsync(buyer);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
            Assert.Equal(("PURCHASE", left), (LimitedWorld.Left(answer).Tier, LimitedWorld.Left(answer).Left));
        }
        using var refused = await LimitedWorld.HoldNothingAsync(buyer);
        Assert.Equal("rate_limited", await refused.RefusedAsync(HttpStatusCode.TooManyRequests));
        Assert.Equal("\"PURCHASE\";q=5;w=60", Assert.Single(refused.Headers.GetValues("RateLimit-Policy")));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        // Another kind of call is another limit, and another person another one's.
        using var read = await buyer.GetAsync("/api/v1/orders", Stop);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        using var other = world.From(LimitedWorld.NewAddress(), role: Roles.Customer);
        using var othersHold = await LimitedWorld.HoldNothingAsync(other);
        Assert.Equal(4, LimitedWorld.Left(othersHold).Left);
    }

    [Fact]
    public async Task Two_replicas_together_let_through_what_one_may()
    {
        var replica = await world.StartReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], (address, user) => LimitedWorld.LetThroughAsync(
            [world.From(address, role: Roles.Customer, userId: user), world.From(address, replica.Url, Roles.Customer, user)], "/api/v1/orders", each: 160));
        Assert.InRange(let, 196, 200);
    }

    [Fact]
    public async Task Two_replicas_together_let_through_an_address_that_nobody_knows_within_a_tenth()
    {
        var replica = await world.StartReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], (address, _) => LimitedWorld.LetThroughAsync(
            [world.From(address), world.From(address, replica.Url)], $"/api/v1/events/{Guid.CreateVersion7()}/availability", each: 60));
        Assert.InRange(let, 54, 66);
    }

    [Fact]
    public async Task Two_replicas_together_let_through_the_scans_that_one_may_within_two_in_a_hundred()
    {
        var replica = await world.StartReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], (address, staff) => LimitedWorld.LetThroughAsync(
            [world.From(address, role: Roles.VenueStaff, userId: staff), world.From(address, replica.Url, Roles.VenueStaff, staff)],
            client => client.PostAsJsonAsync("/api/v1/scans", new { code = "no code", eventId = Guid.CreateVersion7() }, Stop), each: 200));
        Assert.InRange(let, 294, 300);
    }

    [Fact]
    public async Task Two_replicas_together_take_as_many_webhooks_of_an_organiser_as_one_may()
    {
        var replica = await world.StartReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], async (_, _) =>
        {
            var tenant = Guid.CreateVersion7();
            await world.Sql("insert into platform.tenants (id, slug, name) values (@tenant, @slug, 'One of Many')", new { tenant, slug = $"t{tenant:n}" });
            var confirmed = await ConfirmedAsync(tenant);
            var answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(n => world.PaymentWebhookAsync(confirmed, replica: n % 2 == 0 ? replica.Url : null)));
            foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.OK)) Assert.Equal("rate_limited", await refused.RefusedAsync(HttpStatusCode.TooManyRequests));
            Assert.Equal("WEBHOOK", LimitedWorld.Left(answers[0]).Tier);
            return answers.Count(a => a.StatusCode == HttpStatusCode.OK);
        });
        Assert.Equal(40, let);
        // Another organiser's are counted by themselves, and what is not signed is nobody's.
        var others = await ConfirmedAsync(world.OtherTenant);
        using var forged = await world.PaymentWebhookAsync(others, secret: Stack.NewSecret());
        Assert.Equal("GLOBAL", LimitedWorld.Left(forged).Tier);
        using var first = await world.PaymentWebhookAsync(others);
        Assert.Equal(("WEBHOOK", 39), (LimitedWorld.Left(first).Tier, LimitedWorld.Left(first).Left));
    }

    [Fact]
    public async Task An_organiser_is_given_more_calls_within_seconds()
    {
        var tenant = Guid.CreateVersion7();
        await world.Sql("insert into platform.tenants (id, slug, name) values (@tenant, @slug, 'A Growing One')", new { tenant, slug = $"t{tenant:n}" });
        using var platform = world.Tickets(Roles.Admin, tenant: Guid.Parse("00000000-0000-7000-8000-000000000001"));
        var limited = await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/limits", new { limitMultiplier = 3 })).ReadAsync();
        Assert.Equal(3, limited.GetProperty("limitMultiplier").GetDouble());
        await World.UntilAsync(async () =>
        {
            using var person = world.From(LimitedWorld.NewAddress(), role: Roles.Customer, tenant: tenant);
            using var hold = await LimitedWorld.HoldNothingAsync(person);
            return LimitedWorld.Left(hold) is ("PURCHASE", 14, _);
        });
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.audit_log where action = 'tenant.limit' and resource_id = @tenant", new { tenant }));
        using var wrong = await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/limits", new { limitMultiplier = 0 });
        Assert.Equal("validation_failed", await wrong.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task A_slow_reader_is_not_charged_for_what_was_leased_ahead()
    {
        var left = await WhileRedisAnswersAsync([world.TicketsUrl], async (address, _) =>
        {
            using var reader = world.From(address);
            var said = new List<(string, int)>();
            for (var i = 0; i < 3; i++)
            {
                using var answer = await reader.GetAsync($"/api/v1/ticket-types/{Guid.CreateVersion7()}", Stop);
                said.Add((LimitedWorld.Left(answer).Tier, LimitedWorld.Left(answer).Left));
            }
            return said;
        });
        Assert.Equal([("GLOBAL", 59), ("GLOBAL", 58), ("GLOBAL", 57)], left);
    }

    [Fact]
    public async Task A_token_that_is_not_accepted_spends_no_users_limit_but_that_of_its_address()
    {
        var (address, user) = (LimitedWorld.NewAddress(), Guid.CreateVersion7());
        using var forger = world.From(address);
        forger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Mint.Mint(world.Holder(Roles.Customer, user), TimeSpan.FromHours(-1)));
        for (var i = 1; i <= 60; i++)
        {
            using var refused = await LimitedWorld.HoldNothingAsync(forger);
            Assert.Equal("token_expired", await refused.RefusedAsync(HttpStatusCode.Unauthorized));
            Assert.Equal(("GLOBAL", 60 - i), (LimitedWorld.Left(refused).Tier, LimitedWorld.Left(refused).Left));
        }
        using var flood = await LimitedWorld.HoldNothingAsync(forger);
        Assert.Equal("rate_limited", await flood.RefusedAsync(HttpStatusCode.TooManyRequests));
        using var owner = world.From(address, role: Roles.Customer, userId: user);
        using var first = await LimitedWorld.HoldNothingAsync(owner);
        Assert.Equal(("PURCHASE", 4), (LimitedWorld.Left(first).Tier, LimitedWorld.Left(first).Left));
    }

    [Fact]
    public async Task A_role_and_a_tenant_can_have_more()
    {
        var address = LimitedWorld.NewAddress();
        using var manager = world.From(address, role: Roles.VenueManager);
        using var managers = await manager.DeleteAsync($"/api/v1/reservations/{Guid.CreateVersion7()}", Stop);
        Assert.Equal(("WRITE", 29), (LimitedWorld.Left(managers).Tier, LimitedWorld.Left(managers).Left));

        var large = Guid.CreateVersion7();
        await world.Sql("insert into platform.tenants (id, slug, name, limit_multiplier) values (@large, 'large', 'A Large One', 2.5)", new { large });
        using var staff = world.From(address, role: Roles.Customer, tenant: large);
        using var tenants = await staff.DeleteAsync($"/api/v1/reservations/{Guid.CreateVersion7()}", Stop);
        Assert.Equal(("WRITE", 24), (LimitedWorld.Left(tenants).Tier, LimitedWorld.Left(tenants).Left));
    }

    [Fact]
    public async Task Every_answer_says_what_is_left_but_those_to_orchestrators_and_neighbours()
    {
        using var nobody = world.From(LimitedWorld.NewAddress());
        foreach (var path in new[] { "/api/v1/nothing", "/api/v1/orders", $"/api/v1/events/{Guid.CreateVersion7()}/ticket-types" })
        {
            using var answer = await nobody.GetAsync(path, Stop);
            Assert.Equal("GLOBAL", LimitedWorld.Left(answer).Tier);
        }
        using var large = await nobody.PostAsync("/api/v1/purchases", new StringContent(new string(' ', 70_000)), Stop);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal("GLOBAL", LimitedWorld.Left(large).Tier);
        using var known = world.From(LimitedWorld.NewAddress(), role: Roles.Customer);
        using var publicPage = await known.GetAsync($"/api/v1/events/{Guid.CreateVersion7()}/ticket-types", Stop);
        Assert.Equal("READ", LimitedWorld.Left(publicPage).Tier);
        using var health = await nobody.GetAsync("/health/ready", Stop);
        Assert.False(health.Headers.Contains("RateLimit"));
    }

    [Fact]
    public async Task An_address_that_no_trusted_proxy_vouches_for_is_not_believed_and_a_window_ends()
    {
        await using var bare = await world.AnotherAsync(("ENABLE_RATE_LIMITING", "true"), ("RATE_LIMIT_GLOBAL_MAX", "5"), ("RATE_LIMIT_WINDOW_MS", "1500"), ("REDIS_DB", "3"));
        HttpResponseMessage last = new();
        for (var i = 0; i < 6; i++)
        {
            using var client = bare.Client(bare.TicketsUrl);
            client.DefaultRequestHeaders.Add("X-Forwarded-For", LimitedWorld.NewAddress());
            last = await LimitedWorld.HoldNothingAsync(client);
        }
        Assert.Equal("rate_limited", await last.RefusedAsync(HttpStatusCode.TooManyRequests));
        await Task.Delay(last.Headers.RetryAfter!.Delta!.Value, Stop);
        using var nobody = bare.Client(bare.TicketsUrl);
        using var again = await LimitedWorld.HoldNothingAsync(nobody);
        Assert.Equal("token_missing", await again.RefusedAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task While_Redis_is_away_the_process_limits_by_itself_and_says_so()
    {
        using var folder = new TemporaryFolder();
        using var data = DataFolder.Open(folder.Path);
        var redis = await PrivateRedis.StartAsync(data, Stack.NewSecret(), Stop);
        await using var alone = await world.AnotherAsync(("ENABLE_RATE_LIMITING", "true"), ("REDIS_PORT", $"{redis.Address.Port}"), ("REDIS_PASSWORD", redis.Address.Password!));
        using var buyer = alone.Tickets(Roles.Customer);
        using var first = await LimitedWorld.HoldNothingAsync(buyer);
        Assert.Equal(4, LimitedWorld.Left(first).Left);

        await redis.DisposeAsync();
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 7; i++)
        {
            using var answer = await LimitedWorld.HoldNothingAsync(buyer);
            answers.Add(answer.StatusCode);
        }
        Assert.Equal(5, answers.Count(status => status == HttpStatusCode.UnprocessableEntity));
        Assert.Equal(2, answers.Count(status => status == HttpStatusCode.TooManyRequests));
        using var scraper = alone.Tickets();
        var metrics = await scraper.GetStringAsync("/metrics", Stop);
        Assert.Contains("admitone_limits_decided_total{by=\"process\"} 6", metrics, StringComparison.Ordinal);
        Assert.Contains("admitone_calls_limited_total{tier=\"purchase\"} 2", metrics, StringComparison.Ordinal);
    }

    private async Task<object> ConfirmedAsync(Guid tenant)
    {
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Tenant = tenant });
        var order = (await (await world.PayAsync(sale, "test", "tok_ok")).ReadAsync(HttpStatusCode.Created)).Id("orderId");
        return new { type = "payment.confirmed", data = new { orderId = order } };
    }

    // On a machine that is busy with other things Redis may take more than its 100 ms, and each replica then counts alone: that is another test.
    private async Task<T> WhileRedisAnswersAsync<T>(Uri[] replicas, Func<string, Guid, Task<T>> count)
    {
        while (true)
        {
            var before = await AloneAsync(replicas);
            var counted = await count(LimitedWorld.NewAddress(), Guid.CreateVersion7());
            if (await AloneAsync(replicas) == before) return counted;
        }
    }

    private async Task<string> AloneAsync(Uri[] replicas)
    {
        var said = "";
        foreach (var url in replicas)
        {
            using var scraper = world.Client(url);
            said += (await scraper.GetStringAsync("/metrics", Stop)).Split('\n').Single(line => line.StartsWith("admitone_limits_decided_total{by=\"process\"}", StringComparison.Ordinal));
        }
        return said;
    }
}
