using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.RateLimiting;

namespace AdmitOne.IntegrationTests.RateLimiting;

/// <summary>How many calls one caller may make, on one replica and over several.</summary>
public sealed class RateLimitTests(LimitedWorld world) : IClassFixture<LimitedWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_sixth_purchase_in_a_minute_is_refused_and_tries_without_an_effect_do_not_count()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var buyer = world.From(LimitedWorld.NewAddress(), role: Roles.Customer);
        object Hold(Guid eventId, int quantity) => new { eventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity } } };
        for (var round = 0; round < 4; round++)
        {
            foreach (var (status, body) in new (HttpStatusCode, object)[]
            {
                (HttpStatusCode.BadRequest, new { nonsense = 1 }), (HttpStatusCode.NotFound, Hold(Guid.CreateVersion7(), 1)), (HttpStatusCode.UnprocessableEntity, Hold(sale.EventId, 11)),
                (HttpStatusCode.UnprocessableEntity, Hold(sale.EventId, 0)),
            })
            {
                using var free = await buyer.PostAsync("/api/v1/reservations", body);
                Assert.Equal((status, "PURCHASE", 5), (free.StatusCode, LimitedWorld.Left(free).Tier, LimitedWorld.Left(free).Left));
            }
        }
        for (var left = 4; left >= 0; left--)
        {
            using var answer = await LimitedWorld.DeclinedAsync(buyer, sale);
            Assert.Equal("payment_declined", await answer.RefusedAsync(HttpStatusCode.PaymentRequired));
            Assert.Equal(("PURCHASE", left), (LimitedWorld.Left(answer).Tier, LimitedWorld.Left(answer).Left));
        }
        using var refused = await LimitedWorld.HoldNothingAsync(buyer);
        Assert.Equal("rate_limited", await refused.RefusedAsync(HttpStatusCode.TooManyRequests));
        var problem = await refused.ReadAsync(HttpStatusCode.TooManyRequests);
        Assert.Equal("PURCHASE", problem.Text("tier"));
        Assert.StartsWith("PURCHASE allows 5 calls in 60 s", problem.Text("detail"), StringComparison.Ordinal);
        Assert.Equal("\"PURCHASE\";q=5;w=60", Assert.Single(refused.Headers.GetValues("RateLimit-Policy")));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        // Another kind of call is another limit, and another person another one's.
        using var read = await buyer.GetAsync("/api/v1/orders", Stop);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        using var other = world.From(LimitedWorld.NewAddress(), role: Roles.Customer);
        using var othersHold = await other.PostAsync("/api/v1/reservations", Hold(sale.EventId, 1));
        Assert.Equal((HttpStatusCode.Created, 4), (othersHold.StatusCode, LimitedWorld.Left(othersHold).Left));
    }

    [Fact]
    public async Task What_the_stock_refused_does_not_count_either_and_of_free_tries_there_are_a_hundred_a_minute()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        await (await world.From(LimitedWorld.NewAddress(), role: Roles.Customer).PostAsync("/api/v1/reservations", Hold())).ReadAsync(HttpStatusCode.Created);
        using var late = world.From(LimitedWorld.NewAddress(), role: Roles.Customer);
        // Four at once, as those under way count: all are within one window on a slow machine too.
        foreach (var few in Enumerable.Range(0, 100).Chunk(4))
        {
            var answers = await Task.WhenAll(few.Select(_ => late.PostAsync("/api/v1/reservations", Hold())));
            Assert.All(answers, soldOut => Assert.Equal(HttpStatusCode.Conflict, soldOut.StatusCode));
            foreach (var answer in answers) answer.Dispose();
        }
        using var counted = await late.PostAsync("/api/v1/reservations", Hold());
        Assert.Equal((HttpStatusCode.Conflict, 4), (counted.StatusCode, LimitedWorld.Left(counted).Left));

        object Hold() => new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } } };
    }

    [Fact]
    public async Task A_box_office_sells_120_times_a_minute_and_a_device_may_scan_600_times_by_default()
    {
        using var seller = world.From(LimitedWorld.NewAddress(), role: Roles.VenueStaff);
        using var sold = await LimitedWorld.HoldNothingAsync(seller);
        Assert.Equal("\"PURCHASE\";q=120;w=60", Assert.Single(sold.Headers.GetValues("RateLimit-Policy")));
        Assert.Equal(600, new RateLimitOptions().QrScanMax);
    }

    [Fact]
    public async Task A_signature_that_is_not_accepted_counts_for_its_address()
    {
        var address = LimitedWorld.NewAddress();
        using var forger = world.From(address);
        forger.DefaultRequestHeaders.Add("X-Signature", "junk");
        var let = 0;
        for (var n = 0; n < 70; n++)
        {
            using var reset = await forger.PostAsync("/health/circuit-breakers/reset", null, Stop);
            Assert.Equal("GLOBAL", LimitedWorld.Left(reset).Tier);
            if (reset.StatusCode != HttpStatusCode.TooManyRequests) let++;
        }
        Assert.InRange(let, 1, 60);
    }

    [Fact]
    public async Task What_a_shared_cache_would_answer_costs_no_call()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        using var reader = world.From(LimitedWorld.NewAddress(), world.EventsUrl);
        for (var n = 0; n < 100; n++)
        {
            using var page = await reader.GetAsync($"/api/v1/events/{sale.EventId}", Stop);   // kept for some seconds by caches, and asked for by others too
            Assert.Equal((HttpStatusCode.OK, "GLOBAL"), (page.StatusCode, LimitedWorld.Left(page).Tier));
        }
        using var first = await reader.GetAsync("/api/v1/categories", Stop);
        Assert.InRange(LimitedWorld.Left(first).Left, 20, 60);
    }

    [Fact]
    public async Task Two_replicas_together_let_through_what_one_may()
    {
        var replica = await world.SecondReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], (address, user) => LimitedWorld.LetThroughAsync(
            [world.From(address, role: Roles.Customer, userId: user), world.From(address, replica.Url, Roles.Customer, user)], "/api/v1/orders", each: 160));
        Assert.InRange(let, 196, 200);
    }

    [Fact]
    public async Task Two_replicas_together_let_through_an_address_that_nobody_knows_within_a_tenth()
    {
        var replica = await world.SecondReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], (address, _) => LimitedWorld.LetThroughAsync(
            [world.From(address), world.From(address, replica.Url)], $"/api/v1/events/{Guid.CreateVersion7()}/availability", each: 60));
        Assert.InRange(let, 54, 66);
    }

    [Fact]
    public async Task Two_replicas_together_let_through_the_scans_that_one_may_within_two_in_a_hundred()
    {
        var replica = await world.SecondReplicaAsync();
        var let = await WhileRedisAnswersAsync([world.TicketsUrl, replica.Url], (address, staff) => LimitedWorld.LetThroughAsync(
            [world.From(address, role: Roles.VenueStaff, userId: staff), world.From(address, replica.Url, Roles.VenueStaff, staff)],
            client => client.PostAsJsonAsync("/api/v1/scans", new { code = "no code", eventId = Guid.CreateVersion7() }, Stop), each: 200));
        Assert.InRange(let, 294, 300);
    }

    [Fact]
    public async Task Two_replicas_together_take_as_many_webhooks_of_an_organiser_as_one_may()
    {
        var replica = await world.SecondReplicaAsync();
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
            return LimitedWorld.Left(hold) is ("PURCHASE", 15, _);
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
        Assert.Equal(("PURCHASE", 5), (LimitedWorld.Left(first).Tier, LimitedWorld.Left(first).Left));
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
        await using var bare = await world.AnotherAsync(("ENABLE_RATE_LIMITING", "true"), ("RATE_LIMIT_GLOBAL_MAX", "5"),
            ("RATE_LIMIT_WINDOW_MS", "3000"), ("REDIS_DB", "3"));
        HttpResponseMessage last = new();
        // A slow machine needs more than one window for six calls.
        for (var i = 0; i < 60 && last.StatusCode != HttpStatusCode.TooManyRequests; i++)
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
        var sale = await alone.PutOnSaleAsync(quantity: 10);
        using var buyer = alone.Tickets(Roles.Customer);
        async Task<HttpStatusCode> TryAsync(int quantity)
        {
            using var answer = await buyer.PostAsync("/api/v1/reservations", new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity } } });
            return answer.StatusCode;
        }
        Assert.Equal(HttpStatusCode.Created, await TryAsync(1));

        await redis.DisposeAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await TryAsync(11));   // given back, by the process too
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 7; i++) answers.Add(await TryAsync(1));
        Assert.Equal(5, answers.Count(status => status == HttpStatusCode.Created));
        Assert.Equal(2, answers.Count(status => status == HttpStatusCode.TooManyRequests));
        using var scraper = alone.Tickets();
        var metrics = await scraper.GetStringAsync("/metrics", Stop);
        Assert.DoesNotContain("admitone_limits_decided_total{by=\"process\"} 0", metrics, StringComparison.Ordinal);
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
