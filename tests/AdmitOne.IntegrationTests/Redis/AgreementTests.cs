using System.Net;
using System.Net.Http.Headers;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.RateLimiting;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Tenancy;
using Microsoft.IdentityModel.JsonWebTokens;

namespace AdmitOne.IntegrationTests.Redis;

/// <summary>
/// What is kept in PostgreSQL and made known over Redis, changed while Redis was away: five seconds after Redis is back each replica says the same. Those that
/// read it from PostgreSQL need not wait for Redis at all.
/// </summary>
public sealed class AgreementTests(ProxiedWorld world) : IClassFixture<ProxiedWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, InlineData(Trouble.Unreachable), InlineData(Trouble.Silent)]
    public async Task A_token_that_was_revoked_is_refused_by_every_replica_of_both_services(Trouble trouble)
    {
        var replicas = (await world.TicketsReplicasAsync()).Select(url => (url, "/api/v1/orders")).Concat((await world.EventsReplicasAsync()).Select(url => (url, "/health/detailed"))).ToArray();
        var token = world.Token(Roles.Ops);
        foreach (var (url, path) in replicas) Assert.NotEqual(HttpStatusCode.Unauthorized, await StatusAsync(url, path, token));   // from here on they remember it
        await world.DuringAsync(trouble, async () =>
        {
            using var admin = world.Tickets(Roles.Admin);
            using var done = await admin.PostAsync("/api/v1/admin/tokens/revoke", new { jti = new JsonWebToken(token).Id });
            Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(world.TicketsUrl, "/api/v1/orders", token));   // at once where it was done
        });
        await Task.WhenAll(replicas.Select(replica => ProxiedWorld.AgreesAsync($"revoked token at {replica.url}", async () => await StatusAsync(replica.url, replica.Item2, token) == HttpStatusCode.Unauthorized)));
    }

    [Theory, InlineData(Trouble.Unreachable), InlineData(Trouble.Silent)]
    public async Task An_organiser_is_suspended_resumed_and_limited_at_every_replica(Trouble trouble)
    {
        var replicas = await world.TicketsReplicasAsync();
        using var platform = world.Tickets(Roles.Admin, tenant: TenantDirectory.Platform);
        var tenant = (await platform.MakeAsync("/api/v1/admin/tenants", new { slug = $"t-{Guid.CreateVersion7():n}"[..30], name = "Quayside" })).Id();
        var token = world.Token(Roles.Customer, tenant: tenant);
        foreach (var url in replicas) Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "/api/v1/orders", token));

        await world.DuringAsync(trouble, async () => await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/suspend", null, Stop)).ReadAsync());
        await EachAsync("suspended", HttpStatusCode.Forbidden);
        await world.DuringAsync(trouble, async () => await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/resume", null, Stop)).ReadAsync());
        await EachAsync("resumed", HttpStatusCode.OK);

        Task EachAsync(string what, HttpStatusCode status) =>
            Task.WhenAll(replicas.Select(url => ProxiedWorld.AgreesAsync($"{what} organiser at {url}", async () => await StatusAsync(url, "/api/v1/orders", token) == status)));
    }

    [Theory, InlineData(Trouble.Unreachable), InlineData(Trouble.Silent)]
    public async Task An_organiser_that_is_given_more_calls_has_them_at_every_replica(Trouble trouble)
    {
        var replicas = await world.TicketsReplicasAsync();
        using var platform = world.Tickets(Roles.Admin, tenant: TenantDirectory.Platform);
        var tenant = (await platform.MakeAsync("/api/v1/admin/tenants", new { slug = $"t-{Guid.CreateVersion7():n}"[..30], name = "Quayside" })).Id();
        var buyer = Guid.CreateVersion7();
        foreach (var url in replicas)
        {
            using var client = world.Client(url, Roles.Customer, buyer, tenant);
            for (var tries = 0; (await LimitedWorld.HoldNothingAsync(client)).StatusCode != HttpStatusCode.TooManyRequests; tries++) Assert.True(tries < 500, "The limit was never reached.");
        }
        await world.DuringAsync(trouble, async () => await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/limits", new { limitMultiplier = 100 })).ReadAsync());
        await Task.WhenAll(replicas.Select(async url =>
        {
            using var client = world.Client(url, Roles.Customer, buyer, tenant);
            await ProxiedWorld.AgreesAsync($"limits at {url}", async () => (await LimitedWorld.HoldNothingAsync(client)).StatusCode != HttpStatusCode.TooManyRequests);
        }));
    }

    [Theory, InlineData(Trouble.Unreachable), InlineData(Trouble.Silent)]
    public async Task A_scanner_that_was_taken_out_of_service_is_refused_by_every_replica(Trouble trouble)
    {
        var replicas = await world.TicketsReplicasAsync();
        var sale = await world.PutOnSaleAsync(5);
        var scanner = await world.ActivateScannerAsync(sale, "North");
        foreach (var url in replicas) Assert.Equal(HttpStatusCode.OK, await DoorAsync(url));
        await world.DuringAsync(trouble, async () =>
        {
            using var manager = world.Tickets(Roles.VenueManager);
            Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/devices/{scanner.Id}", Stop)).StatusCode);
        });
        await Task.WhenAll(replicas.Select(url => ProxiedWorld.AgreesAsync($"revoked scanner at {url}", async () => await DoorAsync(url) == HttpStatusCode.Forbidden)));

        async Task<HttpStatusCode> DoorAsync(Uri url)
        {
            using var client = world.As(scanner, url);
            using var answer = await client.GetAsync($"/api/v1/events/{sale.EventId}/door", Stop);
            return answer.StatusCode;
        }
    }

    [Theory, InlineData(Trouble.Unreachable), InlineData(Trouble.Silent)]
    public async Task The_catalogue_and_what_is_left_are_the_same_at_every_replica(Trouble trouble)
    {
        var (events, tickets) = (await world.EventsReplicasAsync(), await world.TicketsReplicasAsync());
        var sale = await world.PutOnSaleAsync(10);
        foreach (var url in events) Assert.Equal("on_sale", await ReadAsync(url, "", page => page.Text("status")));
        foreach (var url in tickets) Assert.Equal(10, await LeftAsync(url));
        await world.DuringAsync(trouble, async () =>
        {
            await (await world.BuyAsync(sale, 4)).ReadAsync(HttpStatusCode.Created);
            using var manager = world.Events(Roles.VenueManager);
            using var paused = await manager.PostAsync($"/api/v1/events/{sale.EventId}/transitions", new { to = "sales_paused", reason = "A storm." });
            Assert.True(paused.IsSuccessStatusCode, await paused.Content.ReadAsStringAsync(Stop));
        });
        await Task.WhenAll(
        [
            .. events.Select(url => ProxiedWorld.AgreesAsync($"page at {url}", async () => await ReadAsync(url, "", page => page.Text("status")) == "sales_paused")),
            .. tickets.Select(url => ProxiedWorld.AgreesAsync($"stock at {url}", async () => await LeftAsync(url) == 6)),
        ]);

        Task<long> LeftAsync(Uri url) => ReadAsync(url, "/availability", list => list.Items()[0].Number("available"));

        async Task<T> ReadAsync<T>(Uri url, string part, Func<System.Text.Json.JsonElement, T> read)
        {
            using var nobody = world.Client(url);
            return read(await nobody.GetJsonAsync($"/api/v1/events/{sale.EventId}{part}"));
        }
    }

    private async Task<HttpStatusCode> StatusAsync(Uri url, string path, string token)
    {
        using var client = world.Client(url);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.GetAsync(path, Stop);
        return answer.StatusCode;
    }
}
