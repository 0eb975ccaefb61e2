using System.Net;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>What every other test here stands on.</summary>
public sealed class WorldTests(World world, Stack stack) : IClassFixture<World>
{
    [Fact]
    public async Task Both_services_and_all_neighbours_are_ready()
    {
        foreach (var url in new[] { world.EventsUrl, world.TicketsUrl, world.AuthUrl, world.VenuesUrl, world.MintingUrl })
        {
            using var client = world.Client(url);
            // A store that answers late makes a service "degraded" for a moment.
            await World.UntilAsync($"{url} is ready", async () => (await client.GetJsonAsync("/health/ready")).Text("status") == "ready");
        }
    }

    [Fact]
    public async Task A_replica_is_a_process_of_its_own_and_ends_when_it_is_killed()
    {
        var replica = await world.StartReplicaAsync();
        Assert.NotEqual(Environment.ProcessId, replica.Id);
        using var client = world.Client(replica.Url, Roles.Ops);
        Assert.Equal("ready", (await client.GetJsonAsync("/health/detailed")).Text("status"));
        await replica.KillAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetJsonAsync("/health"));
    }

    [Fact]
    public async Task Two_worlds_see_nothing_of_one_another()
    {
        await using var other = await World.StartAsync(stack);
        using var stranger = other.Client(world.TicketsUrl, Roles.Admin);
        using var answer = await stranger.GetAsync("/health/detailed", TestContext.Current.CancellationToken);
        Assert.Equal("token_invalid", await answer.RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.tenants where id = @Tenant", new { world.Tenant }));
        Assert.Equal(0, await other.Ask<int>("select count(*) from platform.tenants where id = @Tenant", new { world.Tenant }));
    }

    [Fact]
    public async Task A_ticket_is_sold_and_admits_one_person_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3);
        var buyer = Guid.CreateVersion7();
        var hold = await (await world.HoldAsync(sale, quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        var order = await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("paid", order.Text("status"));
        using var second = await world.HoldAsync(sale, quantity: 2);
        Assert.Equal("insufficient_inventory", await second.RefusedAsync(HttpStatusCode.Conflict));

        var code = await world.CodeAsync(order.Items("tickets")[0].Id(), buyer);
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
        Assert.Equal("already_admitted", (await (await world.ScanAsync(sale.EventId, code, gate: "B")).ReadAsync()).Text("reason"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_replica_sells_from_the_same_stock_and_a_free_event_costs_nothing()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2, new SaleOptions { PriceMinor = 0 });
        var replica = await world.StartReplicaAsync();
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, token: "free", replica: replica.Url)).StatusCode);
        var (_, code) = (await world.BuyCodesAsync(sale, token: "free"))[0];
        using var third = await world.BuyAsync(sale, token: "free", replica: replica.Url);
        Assert.Equal("insufficient_inventory", await third.RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code, replica: replica.Url)).ReadAsync()).Text("result"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }
}
