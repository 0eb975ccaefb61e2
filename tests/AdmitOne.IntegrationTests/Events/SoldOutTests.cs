using System.Net;
using System.Text;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using Dapper;

namespace AdmitOne.IntegrationTests.Events;

public sealed class SoldOutTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_last_ticket_makes_it_sold_out_and_a_raised_quantity_brings_it_back()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3, new SaleOptions { Capacity = 10 });
        await (await world.BuyAsync(sale, 2)).ReadAsync(HttpStatusCode.Created);
        await (await world.BuyAsync(sale, 1)).ReadAsync(HttpStatusCode.Created);
        await StatusAsync(sale.EventId, "sold_out");

        await ChangeQuantityAsync(sale.TicketTypeId, 5);
        await StatusAsync(sale.EventId, "on_sale");
        await (await world.BuyAsync(sale, 2)).ReadAsync(HttpStatusCode.Created);
        await StatusAsync(sale.EventId, "sold_out");

        var moves = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{sale.EventId}/transitions")).Items().Skip(2).ToArray();
        Assert.Equal(["sold_out", "on_sale", "sold_out"], moves.Select(m => m.Text("to")));
        Assert.All(moves, m => Assert.Equal("ticket-service", m.Text("by")));
        Assert.Equal(["ticket_type.created", "ticket_type.sold_out", "ticket_type.stock_returned", "ticket_type.sold_out"], await ToldAsync(sale.TicketTypeId));
    }

    [Fact]
    public async Task What_is_held_is_not_sold_and_one_type_of_two_is_not_all()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2, new SaleOptions { Capacity = 10 });
        var second = (await _desk.AddTypeAsync(sale.EventId, "Late admission", 2)).Id();
        await (await world.BuyAsync(sale, 2)).ReadAsync(HttpStatusCode.Created);
        await (await world.HoldAsync(sale with { TicketTypeId = second }, 2)).ReadAsync(HttpStatusCode.Created);
        await HeardAsync(sale.TicketTypeId);
        Assert.Equal("on_sale", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{sale.EventId}")).Text("status"));
    }

    [Fact]
    public async Task Types_that_share_a_section_are_sold_out_when_it_is_full_and_a_new_type_brings_places_back()
    {
        var sale = await world.PutOnSaleAsync(quantity: 4, new SaleOptions { Capacity = 4 });
        await _desk.AddTypeAsync(sale.EventId, "Reduced", 4);
        await (await world.BuyAsync(sale, 4)).ReadAsync(HttpStatusCode.Created);
        await StatusAsync(sale.EventId, "sold_out");

        var balcony = (await _desk.AddSectionAsync(sale.EventId, "Balcony", 5)).Id();
        await _desk.Types.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = "Balcony", price = new { amount = 100, currency = "EUR" }, quantity = 5, sectionId = balcony });
        await StatusAsync(sale.EventId, "on_sale");
    }

    [Fact]
    public async Task What_a_manager_called_sold_out_stays_so_until_tickets_come_back_after_that()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2, new SaleOptions { Capacity = 20 });
        await HeardAsync(sale.TicketTypeId);
        Guid kept;
        await using (var late = await world.ConnectAsync())
        await using (var turnstile = await late.BeginTransactionAsync(Cancellation))
        {
            // What is told now is heard only when the manager has spoken.
            await late.ExecuteAsync("select 1 from platform.outbox_cursors where tenant_id = @Tenant and consumer = 'event-stock' for update", new { world.Tenant }, turnstile);
            kept = (await _desk.AddTypeAsync(sale.EventId, "Kept aside", 5)).Id();
            await (await _desk.MoveAsync(sale.EventId, "sold_out")).ReadAsync();
        }
        await HeardAsync(kept);
        Assert.Equal("sold_out", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{sale.EventId}")).Text("status"));

        await (await world.BuyAsync(sale, 2)).ReadAsync(HttpStatusCode.Created);   // stock decides, not the word
        await HeardAsync(sale.TicketTypeId);
        Assert.Equal("sold_out", (await _desk.Manager.GetJsonAsync($"/api/v1/events/{sale.EventId}")).Text("status"));
        await ChangeQuantityAsync(sale.TicketTypeId, 4);
        await StatusAsync(sale.EventId, "on_sale");
    }

    [Fact]
    public async Task A_pause_that_ends_with_nothing_left_ends_sold_out()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        await (await world.BuyAsync(sale, 1)).ReadAsync(HttpStatusCode.Created);
        await StatusAsync(sale.EventId, "sold_out");
        await (await _desk.MoveAsync(sale.EventId, "sales_paused")).ReadAsync();
        await (await _desk.MoveAsync(sale.EventId, "on_sale")).ReadAsync();
        await StatusAsync(sale.EventId, "sold_out");
    }

    [Fact]
    public async Task Twenty_buyers_of_the_last_ten_make_one_move()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.BuyAsync(sale)));
        Assert.Equal(10, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        await StatusAsync(sale.EventId, "sold_out");
        Assert.Equal(1, await world.Ask<int>("select count(*) from events.event_transitions where event_id = @EventId and to_status = 'sold_out'", sale));
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @TicketTypeId and type = 'ticket_type.sold_out'", sale));
    }

    private async Task ChangeQuantityAsync(Guid typeId, int quantity)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/ticket-types/{typeId}")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { quantity }), Encoding.UTF8, "application/merge-patch+json"),
        };
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        await (await _desk.Types.SendAsync(request, Cancellation)).ReadAsync();
    }

    private Task StatusAsync(Guid id, string status) =>
        World.UntilAsync(async () => (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}")).Text("status") == status);

    private async Task<string[]> ToldAsync(Guid typeId)
    {
        await world.AllNumberedAsync();
        return [.. (await world.NumberedAsync()).Where(m => m.ResourceId == typeId).Select(m => m.Type)];
    }

    // The consumer's cursor has passed the last message of this type.
    private Task HeardAsync(Guid typeId) => World.UntilAsync(async () => await world.Ask<bool>("""
        select not exists (select from platform.outbox_waiting)
           and (select sequence from platform.outbox_cursors where tenant_id = @Tenant and consumer = 'event-stock')
            >= (select max(s.sequence) from platform.outbox_sequence s join platform.outbox o on o.tenant_id = s.tenant_id and o.id = s.outbox_id where o.resource_id = @typeId)
        """, new { world.Tenant, typeId }));
}
