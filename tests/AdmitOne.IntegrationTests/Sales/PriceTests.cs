using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>What tickets cost: the same in the quote, the hold, the order and on each ticket.</summary>
public sealed class PriceTests(World world) : IClassFixture<World>
{
    private static readonly object[] s_fees =
    [
        new { name = "Booking fee", amount = Eur(200), per = "order" },
        new { name = "Service", percent = 5.5, per = "ticket" },
        new { name = "Card", percent = 1.25, per = "order", paidBy = "organizer" },
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Quote_hold_order_and_tickets_say_the_same_to_the_cent()
    {
        var sale = await PutOnSaleAsync(new() { ["fees"] = s_fees, ["tax"] = new { percent = 7.7, included = false }, ["priceRules"] = new object[] { new { kind = "group", quantity = 3, price = Eur(1999) } } });
        var code = (await world.DiscountAsync()).Text("code");
        var buyer = Guid.CreateVersion7();

        var quote = await (await world.QuoteAsync(sale, 3, code)).ReadAsync();
        // 3 × 19.99 − 10 % = 53.97; service 0.99 each; booking 2.00; 7.7 % of 58.94 is 4.54
        Assert.Equal(5397 + 297 + 200 + 454, quote.GetProperty("total").Number("amount"));
        Assert.Equal((5997, 600, 497, 454), (quote.GetProperty("subtotal").Number("amount"), quote.GetProperty("discount").Number("amount"),
            quote.GetProperty("fees").Number("amount"), quote.GetProperty("taxes").Number("amount")));
        Assert.Equal(quote.GetProperty("total").Number("amount"), quote.Items("lines").Sum(Amount));
        Assert.DoesNotContain(quote.Items("lines"), line => line.Text("label") == "Card");

        var hold = await (await world.HoldWithCodeAsync(sale, code.ToLowerInvariant(), 3, buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(quote.GetProperty("total").ToString(), hold.GetProperty("total").ToString());
        using var client = world.Tickets(Roles.Customer, buyer);
        Assert.Equal(quote.GetProperty("total").ToString(), (await client.GetJsonAsync($"/api/v1/reservations/{hold.Id()}")).GetProperty("total").ToString());

        var bought = await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(quote.GetProperty("total").ToString(), bought.GetProperty("total").ToString());
        var order = await client.GetJsonAsync($"/api/v1/orders/{bought.Id("orderId")}");
        Assert.Equal(quote.GetProperty("lines").ToString(), order.GetProperty("lines").ToString());
        Assert.Equal(6348, await world.Ask<long>("select sum(paid_minor)::bigint from tickets.tickets where order_id = @id", new { id = bought.Id("orderId") }));
        Assert.Equal(67, await world.Ask<long>("select noted_minor from tickets.order_items where order_id = @id and label = 'Card'", new { id = bought.Id("orderId") }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_hold_keeps_its_price_whatever_becomes_of_the_type_and_the_code()
    {
        var sale = await PutOnSaleAsync(new() { ["fees"] = s_fees });
        var discount = await world.DiscountAsync();
        var buyer = Guid.CreateVersion7();
        var hold = await (await world.HoldWithCodeAsync(sale, discount.Text("code"), 2, buyer)).ReadAsync(HttpStatusCode.Created);
        using var manager = world.Tickets(Roles.VenueManager);
        manager.DefaultRequestHeaders.Add("If-Match", "*");
        await (await manager.PatchAsJsonAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", new { price = new { amount = 9900 }, fees = Array.Empty<object>() }, Cancellation)).ReadAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/discounts/{discount.Id()}", Cancellation)).StatusCode);

        Assert.Equal("discount_invalid", await (await world.HoldWithCodeAsync(sale, discount.Text("code"))).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var bought = await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(hold.GetProperty("total").ToString(), bought.GetProperty("total").ToString());
        Assert.Equal(1, await world.Ask<int>("select used from tickets.discounts where id = @id", new { id = discount.Id() }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Availability_shows_the_price_of_the_moment_and_an_early_bird_ends_with_its_count()
    {
        var sale = await PutOnSaleAsync(new() { ["priceRules"] = new object[] { new { kind = "early_bird", count = 3, price = Eur(1000) }, new { kind = "dynamic", minPrice = Eur(2000), maxPrice = Eur(4000) } } });
        Assert.Equal(1000, await PriceAsync(sale));
        Assert.Equal(2 * 2000, await BoughtForAsync(sale, 4) - (2 * 2000));   // four are not among the first three, and nothing is taken yet
        Assert.Equal(2400, await PriceAsync(sale));   // 4 of 20 are taken, so no early bird is left
        var early = await PutOnSaleAsync(new() { ["priceRules"] = new object[] { new { kind = "early_bird", count = 3, price = Eur(1000) } } });
        Assert.Equal((2000, 5000, 1000, 2500), (await BoughtForAsync(early, 2), await BoughtForAsync(early, 2), await BoughtForAsync(early, 1) - 1500, await PriceAsync(early)));
        await world.AssertBooksAreRightAsync(early.EventId);
    }

    [Fact]
    public async Task An_early_bird_of_ten_is_sold_ten_times_in_a_rush()
    {
        var sale = await PutOnSaleAsync(new() { ["quantity"] = 100, ["priceRules"] = new object[] { new { kind = "early_bird", count = 10, price = Eur(1000) } } }, capacity: 100);
        var orders = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => world.BuyAsync(sale)));
        Assert.All(orders, order => Assert.Equal(HttpStatusCode.Created, order.StatusCode));
        Assert.Equal(10, await world.Ask<int>("select count(*)::int from tickets.tickets where event_id = @EventId and paid_minor = 1000", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("""{"priceRules":[{"kind":"early_bird","price":{"amount":1,"currency":"EUR"}}]}""", "/priceRules/0/until")]
    [InlineData("""{"priceRules":[{"kind":"early_bird","count":0,"price":{"amount":1,"currency":"EUR"}}]}""", "/priceRules/0/count")]
    [InlineData("""{"priceRules":[{"kind":"last_minute","from":"2026-01-01T00:00:00Z"}]}""", "/priceRules/0/price")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":3,"percent":101}]}""", "/priceRules/0/percent")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":3,"percent":1.234}]}""", "/priceRules/0/percent")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":3,"price":{"amount":1,"currency":"JPY"}}]}""", "/priceRules/0/price/currency")]
    [InlineData("""{"priceRules":[{"kind":"dynamic","minPrice":{"amount":2,"currency":"EUR"},"maxPrice":{"amount":1,"currency":"EUR"}}]}""", "/priceRules/0/minPrice")]
    [InlineData("""{"priceRules":[{"kind":"dynamic","minPrice":{"amount":1,"currency":"EUR"},"maxPrice":{"amount":1,"currency":"EUR"}},{"kind":"group","quantity":2,"percent":5}]}""", "/priceRules/0/kind")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":3,"count":3,"percent":5}]}""", "/priceRules/0/count")]
    [InlineData("""{"fees":[{"name":"Fee"}]}""", "/fees/0/amount")]
    [InlineData("""{"fees":[{"name":"","percent":5}]}""", "/fees/0/name")]
    [InlineData("""{"tax":{"percent":0}}""", "/tax/percent")]
    [InlineData("""{"price":{"amount":100,"currency":"JPY"},"fees":[{"name":"Fee","amount":{"amount":1,"currency":"EUR"}}]}""", "/fees/0/amount/currency")]
    public async Task Prices_that_make_no_sense_are_refused_where_the_fault_is(string patch, string pointer)
    {
        using var answer = await PatchAsync(await UnchangedAsync(), patch);
        var problem = await answer.ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("validation_failed", problem.Text("code"));
        Assert.Contains(pointer, problem.Items("errors").Select(e => e.Text("pointer")));
    }

    [Theory]
    [InlineData("""{"priceRules":[{"kind":"sometimes"}]}""")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":"3","percent":5}]}""")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":3,"percent":5,"colour":"red"}]}""")]
    [InlineData("""{"fees":[null]}""")]
    [InlineData("""{"tax":19}""")]
    public async Task Prices_that_cannot_be_read_are_refused(string patch)
    {
        using var answer = await PatchAsync(await UnchangedAsync(), patch);
        Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity, $"{patch} answered {answer.StatusCode}");
    }

    [Fact]
    public async Task A_patch_replaces_rules_and_fees_whole_merges_the_tax_and_null_removes_them()
    {
        var sale = await PutOnSaleAsync(new() { ["fees"] = s_fees, ["tax"] = new { name = "VAT", percent = 9, included = true }, ["priceRules"] = new object[] { new { kind = "group", quantity = 3, percent = 5 } } });
        var changed = await (await PatchAsync(sale, """{"fees":[],"tax":{"percent":21}}""")).ReadAsync();
        Assert.Empty(changed.Items("fees"));
        Assert.Equal(("VAT", 21m, true), (changed.GetProperty("tax").Text("name"), changed.GetProperty("tax").GetProperty("percent").GetDecimal(), changed.GetProperty("tax").GetProperty("included").GetBoolean()));
        Assert.Single(changed.Items("priceRules"));
        var bare = await (await PatchAsync(sale, """{"priceRules":null,"tax":null}""")).ReadAsync();
        Assert.Equal((0, JsonValueKind.Null), (bare.Items("priceRules").Count, bare.GetProperty("tax").ValueKind));
    }

    [Fact]
    public async Task A_quote_is_everybodys_as_the_event_is_and_obeys_the_orders_limits()
    {
        var sale = await PutOnSaleAsync([]);
        Assert.Equal(2500, (await (await world.QuoteAsync(sale)).ReadAsync()).GetProperty("total").Number("amount"));
        Assert.Equal("limit_per_order", await (await world.QuoteAsync(sale, 11)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("not_found", await (await world.QuoteAsync(sale with { TicketTypeId = Guid.CreateVersion7() })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("discount_invalid", await (await world.QuoteAsync(sale, 1, "NEVER")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("discount_invalid", await (await world.QuoteAsync(sale, 1, "\u00e9t\u00e9 2026")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var draft = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Status = "draft" });
        Assert.Equal("not_found", await (await world.QuoteAsync(draft)).RefusedAsync(HttpStatusCode.NotFound));
        var foreign = (await world.DiscountAsync(tenant: world.OtherTenant)).Text("code");
        Assert.Equal("discount_invalid", await (await world.QuoteAsync(sale, 1, foreign)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task What_is_dear_beyond_counting_is_refused_and_no_fault()
    {
        var sale = await PutOnSaleAsync(new()
        {
            ["price"] = Eur(1_000_000_000_000),
            ["maxPerOrder"] = 50,
            ["quantity"] = 50,
            ["fees"] = Enumerable.Range(0, 10).Select(n => (object)new { name = $"Fee {n}", amount = Eur(1_000_000_000_000) }).ToArray(),
            ["tax"] = new { percent = 100, included = false },
        }, capacity: 50);
        using var quote = await world.QuoteAsync(sale, 50);
        Assert.Equal(50 * 11 * 2 * 1_000_000_000_000, (await quote.ReadAsync()).GetProperty("total").Number("amount"));
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, 50)).StatusCode);
    }

    // One event for all refusals, which change nothing.
    private static Task<Sale>? s_unchanged;

    private Task<Sale> UnchangedAsync() => s_unchanged ??= world.PutOnSaleAsync(quantity: 10);

    private Task<Sale> PutOnSaleAsync(Dictionary<string, object?> type, int capacity = 20) =>
        world.PutOnSaleAsync(quantity: 20, new SaleOptions { TicketType = type, Capacity = capacity });

    private async Task<long> PriceAsync(Sale sale)
    {
        using var anyone = world.Tickets();
        return (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items().Single().GetProperty("price").Number("amount");
    }

    private async Task<long> BoughtForAsync(Sale sale, int quantity) =>
        (await (await world.BuyAsync(sale, quantity)).ReadAsync(HttpStatusCode.Created)).GetProperty("total").Number("amount");

    private async Task<HttpResponseMessage> PatchAsync(Sale sale, string patch)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/ticket-types/{sale.TicketTypeId}")
        {
            Headers = { { "If-Match", "*" } },
            Content = new StringContent(patch, System.Text.Encoding.UTF8, "application/merge-patch+json"),
        };
        return await manager.SendAsync(request, Cancellation);
    }

    private static object Eur(long amount) => new { amount, currency = "EUR" };

    private static long Amount(JsonElement line) => line.GetProperty("amount").Number("amount");
}
