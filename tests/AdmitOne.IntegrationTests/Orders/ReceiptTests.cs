using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using AdmitOne.IntegrationTests.Events;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Orders;

/// <summary>A receipt is a document: what it says was true when it was sold.</summary>
public sealed class ReceiptTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_is_renamed_or_moved_later_a_receipt_and_its_order_say_what_was_sold()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions
        {
            StartsIn = TimeSpan.FromDays(10),
            TicketType = new Dictionary<string, object?>
            {
                ["name"] = "Standing", ["tax"] = new { name = "VAT", percent = 9, included = true }, ["fees"] = new[] { new { name = "Booking fee", amount = new { amount = 150, currency = "EUR" }, per = "order" } },
            },
        });
        var desk = new EventDesk(world);
        var startsAt = (await desk.FindAsync(sale.EventId)).Instant("startsAt");
        var order = await world.BoughtAsync(sale, quantity: 2);
        using var buyer = world.Tickets(Roles.Customer, order.Buyer);
        var before = await buyer.GetJsonAsync($"/api/v1/orders/{order.OrderId}/receipt");

        await world.ChangeTypeAsync(sale, new { name = "RENAMED", tax = new { name = "Other tax", percent = 5, included = true } });
        await (await desk.ChangeAsync(sale.EventId, new
        {
            name = "OTHER NAME", venueId = await desk.VenueAsync(500), startsAt = EventDesk.At(startsAt.AddDays(3)), endsAt = EventDesk.At(startsAt.AddDays(3).AddHours(3)),
        })).ReadAsync();
        await world.Sql("update platform.tenants set name = 'Another Hall' where id = @Tenant", sale);
        try
        {
            var receipt = await buyer.GetJsonAsync($"/api/v1/orders/{order.OrderId}/receipt");
            Assert.Equal(before.ToString(), receipt.ToString());
            Assert.Equal(("Our Hall", "An Evening by the River", "The Hall", startsAt, "Europe/Amsterdam"),
                (receipt.Text("soldBy"), receipt.GetProperty("event").Text("name"), receipt.GetProperty("event").Text("venue"), receipt.GetProperty("event").Instant("startsAt"), receipt.GetProperty("event").Text("timeZone")));
            Assert.Equal([("ticket", "Standing", 5000L), ("fee", "Booking fee", 150L)], receipt.Items("lines").Select(l => (l.Text("kind"), l.Text("label"), l.GetProperty("amount").Number("amount"))));
            var tax = receipt.Items("containedTaxes").Single();
            Assert.Equal(("VAT", 9m, 425L), (tax.Text("label"), tax.GetProperty("percent").GetDecimal(), tax.GetProperty("amount").Number("amount")));

            var shown = await world.OrderAsync(order);
            foreach (var same in new[] { "event", "lines", "containedTaxes", "total" }) Assert.Equal(receipt.GetProperty(same).ToString(), shown.GetProperty(same).ToString());
        }
        finally
        {
            await world.Sql("update platform.tenants set name = 'Our Hall' where id = @Tenant", sale);
        }
    }

    [Fact]
    public async Task The_page_says_when_it_is_has_no_line_of_nothing_and_its_own_policy_allows_its_style_and_no_more()
    {
        var startsAt = new DateTimeOffset(2037, 7, 4, 18, 30, 0, TimeSpan.Zero);
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions
        {
            Event = new Dictionary<string, object?> { ["startsAt"] = EventDesk.At(startsAt), ["endsAt"] = EventDesk.At(startsAt.AddHours(3)) },
            TicketType = new Dictionary<string, object?> { ["tax"] = new { name = "VAT", percent = 9, included = true } },
        });
        var order = await world.BoughtAsync(sale, quantity: 2);
        using var buyer = world.Tickets(Roles.Customer, order.Buyer);
        using var answer = await buyer.GetAsync($"/api/v1/orders/{order.OrderId}/receipt?format=html", Cancellation);
        var page = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.Contains("Saturday 4 July 2037, 20:30 (Europe/Amsterdam)", page, StringComparison.Ordinal);
        Assert.Contains("included: VAT (9 %)</td><td class=n>4.13 EUR", page, StringComparison.Ordinal);
        Assert.DoesNotContain("0.00", page.Replace("50.00", "", StringComparison.Ordinal), StringComparison.Ordinal);

        var style = Regex.Match(page, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;
        Assert.NotEmpty(style);
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Equal($"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'; frame-ancestors 'none'", policy);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", (await buyer.GetAsync($"/api/v1/orders/{order.OrderId}/receipt", Cancellation)).Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task Ten_types_of_one_rate_are_taxed_once_on_their_sum()
    {
        var tax = new { name = "VAT", percent = 10, included = false };
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { PriceMinor = 55, Capacity = 100, StartsIn = TimeSpan.FromDays(3), TicketType = new Dictionary<string, object?> { ["tax"] = tax } });
        using var manager = world.Tickets(Roles.VenueManager);
        var types = new List<Guid> { sale.TicketTypeId };
        for (var n = 1; n < 10; n++)
            types.Add((await manager.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = $"Row {n}", price = new { amount = 55, currency = "EUR" }, quantity = 5, sectionId = sale.SectionId, tax })).Id());
        var buyer = Guid.CreateVersion7();
        using var client = world.Tickets(Roles.Customer, buyer);
        var items = types.Select(ticketTypeId => new { ticketTypeId, quantity = 1 }).ToArray();
        var quote = await (await client.PostAsync("/api/v1/quotes", new { eventId = sale.EventId, items })).ReadAsync();
        Assert.Equal((605, 55), (quote.GetProperty("total").Number("amount"), quote.GetProperty("taxes").Number("amount")));

        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        var bought = await (await client.PostAsync("/api/v1/purchases", new { eventId = sale.EventId, items, payment = new { method = "test", token = "tok_ok" } })).ReadAsync(HttpStatusCode.Created);
        var order = new Bought(bought.Id("orderId"), buyer, [.. bought.Items("tickets").Select(t => t.Id())]);
        Assert.Single((await world.OrderAsync(order)).Items("lines"), l => l.Text("kind") == "tax");
        long back = 0;
        foreach (var ticket in order.Tickets) back += (await (await world.RefundAsync(order, [ticket])).ReadAsync(HttpStatusCode.Created)).GetProperty("amount").Number("amount");
        Assert.Equal(605, back);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }
}
