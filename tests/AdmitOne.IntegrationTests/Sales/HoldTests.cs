using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Taking, keeping and giving back.</summary>
public sealed class HoldTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task A_released_hold_is_free_at_once_and_releasing_again_is_fine()
    {
        var sale = await world.PutOnSaleAsync(quantity: 4);
        var buyer = Guid.CreateVersion7();
        var hold = await (await world.HoldAsync(sale, 4, buyer)).ReadAsync(HttpStatusCode.Created);
        using var client = world.Tickets(Roles.Customer, buyer);
        var releases = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.DeleteAsync($"/api/v1/reservations/{hold.Id()}", TestContext.Current.CancellationToken)));
        Assert.All(releases, answer => Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode));
        Assert.Equal("released", (await client.GetJsonAsync($"/api/v1/reservations/{hold.Id()}")).Text("status"));
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, 4)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Several_types_are_held_all_or_none()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Capacity = 100 });
        using var manager = world.Tickets(Roles.VenueManager);
        var second = (await manager.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = "Balcony", price = new { amount = 1000, currency = "EUR" }, quantity = 2 })).Id();
        using var client = world.Tickets(Roles.Customer);
        object Wish(int first, int other) => new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = first }, new { ticketTypeId = second, quantity = other } } };

        var refused = await (await client.PostAsync("/api/v1/reservations", Wish(2, 3))).ReadAsync(HttpStatusCode.Conflict);
        Assert.Equal((5, 2), (refused.GetProperty("available").Number(sale.TicketTypeId.ToString()), refused.GetProperty("available").Number(second.ToString())));
        var held = await (await client.PostAsync("/api/v1/reservations", Wish(5, 2))).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(5 * 2500 + 2 * 1000, held.GetProperty("total").Number("amount"));
        Assert.Equal(2, (await client.GetJsonAsync($"/api/v1/reservations/{held.Id()}")).Items().Count);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("draft", 1, HttpStatusCode.UnprocessableEntity, "sales_not_open")]
    [InlineData("published", 1, HttpStatusCode.UnprocessableEntity, "sales_not_open")]
    [InlineData("sales_paused", 1, HttpStatusCode.UnprocessableEntity, "sales_not_open")]
    [InlineData("on_sale", 11, HttpStatusCode.UnprocessableEntity, "limit_per_order")]
    [InlineData("on_sale", 0, HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("on_sale", -1, HttpStatusCode.UnprocessableEntity, "validation_failed")]
    public async Task A_hold_that_breaks_a_rule_says_which(string status, int quantity, HttpStatusCode expected, string code)
    {
        // A published event goes on sale by itself when its sale starts, so this one starts tomorrow.
        var later = TimeProvider.System.GetUtcNow().AddDays(1).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        var sale = await world.PutOnSaleAsync(quantity: 100, new SaleOptions
        {
            Status = status == "published" ? "draft" : status,
            StartsIn = TimeSpan.FromDays(3),
            Event = status == "published" ? new Dictionary<string, object?> { ["salesStartAt"] = later } : new Dictionary<string, object?>(),
        });
        if (status == "published") await world.MoveAsync(sale.EventId, "published");
        Assert.Equal(code, await (await world.HoldAsync(sale, quantity)).RefusedAsync(expected));
    }

    [Fact]
    public async Task A_type_sells_only_within_its_own_window()
    {
        static string At(TimeSpan offset) => (TimeProvider.System.GetUtcNow() + offset).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        var later = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { TicketType = new Dictionary<string, object?> { ["salesStartAt"] = At(TimeSpan.FromHours(1)) } });
        var over = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { TicketType = new Dictionary<string, object?> { ["salesEndAt"] = At(-TimeSpan.FromHours(1)) } });
        using var anyone = world.Tickets();
        foreach (var sale in new[] { later, over })
        {
            Assert.Equal("sales_not_open", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
            Assert.Equal("not_on_sale", (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items()[0].Text("status"));
        }
    }

    [Fact]
    public async Task Availability_says_few_left_and_sold_out_when_it_is_so()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50, new SaleOptions { MaxPerOrder = 50 });
        using var anyone = world.Tickets();
        async Task<(string, long)> LookAsync()
        {
            var item = (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items().Single();
            return (item.Text("status"), item.Number("available"));
        }

        Assert.Equal(("available", 50), await LookAsync());
        await (await world.HoldAsync(sale, 44)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("available", 6), await LookAsync());
        await (await world.BuyAsync(sale, 1)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("few_left", 5), await LookAsync());
        await (await world.BuyAsync(sale, 5)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("sold_out", 0), await LookAsync());
    }
}
