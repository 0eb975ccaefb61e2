using System.Net;
using AdmitOne.IntegrationTests.Events;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>What is left but less than one order takes, and what is over, is not offered.</summary>
public sealed class RemainderTests(World world) : IClassFixture<World>
{
    private static readonly SaleOptions s_byFour = new() { StartsIn = TimeSpan.FromDays(3), TicketType = new Dictionary<string, object?> { ["minPerOrder"] = 4 } };

    [Fact]
    public async Task Less_than_one_order_takes_is_told_and_sells_the_event_out_until_some_come_back()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, s_byFour);
        Assert.Equal(("available", 10, 0), await LeftAsync(sale));
        var first = await world.BoughtAsync(sale, quantity: 4);
        Assert.Equal(("available", 6, 0), await LeftAsync(sale));
        await world.BoughtAsync(sale, quantity: 4);
        Assert.Equal(("sold_out", 0, 2), await LeftAsync(sale));
        await StatusAsync(sale, "sold_out");

        await (await world.RefundAsync(first, first.Tickets.Take(2).ToArray())).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("available", 4, 0), await LeftAsync(sale));
        await StatusAsync(sale, "on_sale");
        await world.BoughtAsync(sale, quantity: 4);
        await StatusAsync(sale, "sold_out");
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_smaller_least_order_brings_the_rest_back()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_byFour);
        await world.BoughtAsync(sale, quantity: 4);
        await StatusAsync(sale, "sold_out");
        await world.ChangeTypeAsync(sale, new { minPerOrder = 1 });
        await StatusAsync(sale, "on_sale");
        Assert.Equal(1, await world.AvailableAsync(sale));
        await world.ChangeTypeAsync(sale, new { minPerOrder = 2 });
        await StatusAsync(sale, "sold_out");
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("completed")]
    public async Task An_event_that_is_over_is_not_quoted(string end)
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        await (await world.QuoteAsync(sale)).ReadAsync();
        if (end == "completed") await world.MoveAsync(sale.EventId, "in_progress");
        await world.MoveAsync(sale.EventId, end);
        Assert.Equal("sales_not_open", await (await world.QuoteAsync(sale)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    private async Task<(string Status, long Available, long Remainder)> LeftAsync(Sale sale)
    {
        using var anyone = world.Tickets();
        var type = (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items().Single();
        return (type.Text("status"), type.Number("available"), type.Number("remainder"));
    }

    private Task StatusAsync(Sale sale, string status) =>
        World.UntilAsync(async () => (await new EventDesk(world).FindAsync(sale.EventId)).Text("status") == status);
}
