using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>What the Event Service is told of the other's counters, in its own transactions.</summary>
public sealed class EventStockTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_counts_types_what_they_offer_and_what_is_held_and_sold()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        using var tickets = world.Tickets(Roles.VenueManager);
        await tickets.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = "Late", price = new { amount = 100, currency = "EUR" }, quantity = 5 });
        await (await world.HoldAsync(sale, 3)).ReadAsync(HttpStatusCode.Created);
        await (await world.BuyAsync(sale, 2)).ReadAsync(HttpStatusCode.Created);

        Assert.Equal((2, 25, 3, 2), await CountAsync(world.Tenant, sale.EventId));
        Assert.Equal((0, 0, 0, 0), await CountAsync(world.OtherTenant, sale.EventId));
        Assert.Equal((0, 0, 0, 0), await CountAsync(world.Tenant, Guid.CreateVersion7()));
    }

    [Fact]
    public async Task An_order_counts_once_it_may_have_been_paid()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        Assert.False(await HasOrdersAsync(world.Tenant, sale.EventId));
        await (await world.BuyAsync(sale, token: "tok_decline")).ReadAsync(HttpStatusCode.PaymentRequired);
        Assert.False(await HasOrdersAsync(world.Tenant, sale.EventId));
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.True(await HasOrdersAsync(world.Tenant, sale.EventId));
        Assert.False(await HasOrdersAsync(world.OtherTenant, sale.EventId));
    }

    private async Task<(int, int, int, int)> CountAsync(Guid tenant, Guid eventId)
    {
        await using var work = await world.EventsServices.GetRequiredService<Database>().BeginAsync(tenant, Cancellation);
        return await work.FindAsync<(int, int, int, int)>("select types, quantity, held, sold from tickets.event_stock(@tenant, @eventId)", new { tenant, eventId }, Cancellation);
    }

    private async Task<bool> HasOrdersAsync(Guid tenant, Guid eventId)
    {
        await using var work = await world.EventsServices.GetRequiredService<Database>().BeginAsync(tenant, Cancellation);
        return await work.FindAsync<bool>("select tickets.event_has_orders(@tenant, @eventId)", new { tenant, eventId }, Cancellation);
    }
}
