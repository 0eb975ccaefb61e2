using System.Net;
using System.Net.Http.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Neighbours;

/// <summary>People sign in in crowds; guesses of a password are slowed.</summary>
public sealed class SignInTests(SignInTests.Limited world) : IClassFixture<SignInTests.Limited>
{
    private const string Password = "a good long password";

    /// <summary>With the limits as shipped, and everybody behind one address unless a test says otherwise.</summary>
    public sealed class Limited(Stack stack) : World(stack, [("ENABLE_RATE_LIMITING", "true"), ("TRUSTED_PROXIES", "127.0.0.1"), ("REDIS_DB", "5")]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private async Task<HttpClient> AuthAsync(string address)
    {
        var settings = new Dictionary<string, string?>(world.IdentitySettings) { ["ENABLE_RATE_LIMITING"] = "true", ["TRUSTED_PROXIES"] = "127.0.0.1", ["REDIS_DB"] = "6" };
        _auth ??= await world.StartAsync(configuration => IdentityService.Build(configuration), settings);
        var client = world.Client(World.Address(_auth));
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return client;
    }

    private Microsoft.AspNetCore.Builder.WebApplication? _auth;

    [Fact]
    public async Task Guesses_of_one_password_are_slowed_and_nobody_is_locked_out()
    {
        const string email = "guessed@people.example";
        using var guesser = await AuthAsync("192.0.2.1");
        await IdentityService.AddUserAsync(_auth!, world.Tenant, email, Password, "Guessed", Roles.Customer, Stop);
        await IdentityService.AddUserAsync(_auth!, world.Tenant, "neighbour@people.example", Password, "Neighbour", Roles.Customer, Stop);

        // Many at once are no way around it.
        var guesses = await Task.WhenAll(Enumerable.Range(0, 25).Select(n => SignInAsync(guesser, email, $"wrong password {n}")));
        Assert.Equal(5, guesses.Count(g => g.StatusCode == HttpStatusCode.Unauthorized));
        foreach (var slowed in guesses.Where(g => g.StatusCode != HttpStatusCode.Unauthorized))
        {
            Assert.Equal("sign_in_slowed", await slowed.RefusedAsync(HttpStatusCode.TooManyRequests));
            Assert.InRange(slowed.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 4);
        }
        // Another account from there, and the owner from elsewhere, notice nothing.
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(guesser, "neighbour@people.example", Password)).StatusCode);
        using var owner = await AuthAsync("192.0.2.2");
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(owner, email, Password)).StatusCode);
        // From the guesser's own address, the right password is right once the wait is over.
        await AgeAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(guesser, email, Password)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(guesser, email, "wrong again and again")).StatusCode);   // the count began anew
    }

    [Fact]
    public async Task Guesses_from_many_addresses_are_slowed_as_well_and_unknown_accounts_alike()
    {
        foreach (var email in new[] { "far-and-wide@people.example", "nobody-at-all@people.example" })
        {
            if (email.StartsWith("far", StringComparison.Ordinal))
            {
                using var _ = await AuthAsync("192.0.2.9");
                await IdentityService.AddUserAsync(_auth!, world.Tenant, email, Password, "Far", Roles.Customer, Stop);
            }
            var checkedGuesses = 0;
            for (var n = 0; n < 40; n++)
            {
                using var bot = await AuthAsync($"198.51.100.{n}");
                if ((await SignInAsync(bot, email, "wrong password")).StatusCode == HttpStatusCode.Unauthorized) checkedGuesses++;
            }
            Assert.InRange(checkedGuesses, 20, 28);   // twenty, and as many as waits ended meanwhile
            await AgeAsync(TimeSpan.FromSeconds(31));
            using var one = await AuthAsync("203.0.113.1");
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await SignInAsync(one, email, Password)).StatusCode);
        }
    }

    [Fact, Trait("Category", "Long")]
    public async Task Five_hundred_people_behind_one_address_sign_in_browse_and_buy_and_nobody_is_refused()
    {
        const int people = 500, atOnce = 12;
        const string campus = "203.0.113.77";
        var sale = await world.PutOnSaleAsync(quantity: people);
        using var auth = await AuthAsync(campus);
        await Parallel.ForEachAsync(Enumerable.Range(0, people), new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = Stop },
            async (n, stop) => await IdentityService.AddUserAsync(_auth!, world.Tenant, $"student-{n}@campus.example", Password, $"Student {n}", Roles.Customer, stop));
        var statuses = new System.Collections.Concurrent.ConcurrentBag<(string What, HttpStatusCode Status)>();
        foreach (var part in new[] { (From: 0, Count: 300), (From: 300, Count: 200) })
        {
            await Parallel.ForEachAsync(Enumerable.Range(part.From, part.Count), new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = Stop }, async (n, _) =>
            {
                using var browser = world.Client(world.EventsUrl);
                using var shop = world.Client(world.TicketsUrl);
                foreach (var client in new[] { browser, shop }) client.DefaultRequestHeaders.Add("X-Forwarded-For", campus);
                foreach (var (client, path) in new[] { (browser, "/api/v1/events"), (browser, $"/api/v1/events/{sale.EventId}"), (shop, $"/api/v1/events/{sale.EventId}/ticket-types"), (shop, $"/api/v1/events/{sale.EventId}/availability") })
                {
                    using var page = await client.GetAsync(path, Stop);
                    statuses.Add(("browse", page.StatusCode));
                }
                using var signedIn = await SignInAsync(auth, $"student-{n}@campus.example", Password);
                statuses.Add(("sign in", signedIn.StatusCode));
                if (signedIn.StatusCode != HttpStatusCode.OK) return;
                shop.DefaultRequestHeaders.Authorization = new("Bearer", (await signedIn.ReadAsync()).Text("accessToken"));
                var body = new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } }, payment = new { method = "test", token = "tok_ok" } };
                using var bought = await shop.PostAsync("/api/v1/purchases", body, ("Idempotency-Key", $"{Guid.CreateVersion7()}"));
                statuses.Add(("buy", bought.StatusCode));
            });
            // A minute passes: what Redis and the process have counted of the address has left the window.
            if (part.From == 0) await WaitForAnotherMinuteAsync();
        }
        var counts = statuses.GroupBy(s => s).ToDictionary(g => g.Key, g => g.Count());
        TestContext.Current.SendDiagnosticMessage("{0}", string.Join(", ", counts.Select(c => $"{c.Key.What} {(int)c.Key.Status}: {c.Value}")));
        Assert.DoesNotContain(statuses, s => s.Status == HttpStatusCode.TooManyRequests);
        Assert.Equal((4 * people, people, people), (counts[("browse", HttpStatusCode.OK)], counts[("sign in", HttpStatusCode.OK)], counts[("buy", HttpStatusCode.Created)]));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    // The counts live in Redis under the address's key; the sliding window moves by Redis' own clock, so its entries are taken away instead.
    private static async Task WaitForAnotherMinuteAsync()
    {
        var configuration = new StackExchange.Redis.ConfigurationOptions { Password = Stack.Current.Redis.Password, AllowAdmin = true };
        configuration.EndPoints.Add(Stack.Current.Redis.Host, Stack.Current.Redis.Port);
        await using var redis = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(configuration);
        foreach (var database in new[] { 5, 6 })
            await foreach (var key in redis.GetServers()[0].KeysAsync(database, "calls:*GLOBAL:*"))
                await redis.GetDatabase(database).KeyDeleteAsync(key);
    }

    private Task<int> AgeAsync(TimeSpan by) => world.Sql("update identity.failures set last_at = last_at - @by", new { by });

    private static Task<HttpResponseMessage> SignInAsync(HttpClient auth, string email, string password) => auth.PostAsJsonAsync("/api/v1/token", new { email, password }, Stop);
}
