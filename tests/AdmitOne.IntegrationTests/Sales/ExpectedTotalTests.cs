using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>The price that the customer was shown is the price that is charged, or nothing is.</summary>
public sealed class ExpectedTotalTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_price_that_was_raised_meanwhile_is_told_and_neither_held_nor_charged()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var shown = (await (await world.QuoteAsync(sale)).ReadAsync()).GetProperty("total");
        await world.ChangeTypeAsync(sale, new { price = new { amount = 9900, currency = "EUR" } });
        foreach (var path in new[] { "purchases", "reservations" })
        {
            using var answer = await AskAsync(path, sale, 1, shown);
            Assert.Equal(9900, await ChangedAsync(answer));
        }
        Assert.Equal((0, 5), (await world.Ask<int>("select (select count(*) from tickets.orders where event_id = @EventId) + (select count(*) from tickets.reservations where event_id = @EventId)", sale), await world.AvailableAsync(sale)));
        using var agreed = await AskAsync("purchases", sale, 1, JsonSerializer.SerializeToElement(new { amount = 9900, currency = "EUR" }));
        Assert.Equal(HttpStatusCode.Created, agreed.StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_refused_key_is_free_for_the_new_price_and_a_hold_keeps_its_own()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        var hold = await (await AskAsync("reservations", sale, 2, Eur(5000), buyer)).ReadAsync(HttpStatusCode.Created);
        await world.ChangeTypeAsync(sale, new { price = new { amount = 9900, currency = "EUR" } });
        Assert.Equal(5000, await ChangedAsync(await PayAsync(hold.Id(), Eur(19800), buyer, key)));
        await (await PayAsync(hold.Id(), Eur(5000), buyer, key)).ReadAsync(HttpStatusCode.Created);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Of_an_early_price_that_runs_out_only_those_are_sold_who_were_shown_the_next_one()
    {
        object[] rules = [new { kind = "early_bird", count = 5, price = new { amount = 1000, currency = "EUR" } }];
        var sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { TicketType = new Dictionary<string, object?> { ["priceRules"] = rules } });
        var replica = await world.StartReplicaAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => AskAsync("purchases", sale, 1, Eur(1000), replica: n % 2 == 0 ? replica.Url : null)));
        Assert.Equal(5, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) Assert.Equal(2500, await ChangedAsync(refused));
        Assert.Equal(15, await world.AvailableAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_dynamic_price_moves_with_what_others_hold()
    {
        object[] rules = [new { kind = "dynamic", minPrice = new { amount = 1000, currency = "EUR" }, maxPrice = new { amount = 9000, currency = "EUR" } }];
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { TicketType = new Dictionary<string, object?> { ["priceRules"] = rules } });
        var shown = (await (await world.QuoteAsync(sale)).ReadAsync()).GetProperty("total");
        Assert.Equal(1000, shown.Number("amount"));
        await (await world.HoldAsync(sale, quantity: 9)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(8200, await ChangedAsync(await AskAsync("purchases", sale, 1, shown)));
        Assert.Equal(1, await world.AvailableAsync(sale));
        await (await AskAsync("purchases", sale, 1, Eur(8200))).ReadAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task What_is_no_amount_of_money_is_refused()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        foreach (var path in new[] { "purchases", "reservations" })
        {
            Assert.Equal("validation_failed", await (await AskAsync(path, sale, 1, JsonSerializer.SerializeToElement(new { amount = -1, currency = "EUR" }))).RefusedAsync(HttpStatusCode.UnprocessableEntity));
            Assert.Equal("invalid_json", await (await AskAsync(path, sale, 1, JsonSerializer.SerializeToElement(25.0))).RefusedAsync(HttpStatusCode.BadRequest));
            Assert.Equal(2500, await ChangedAsync(await AskAsync(path, sale, 1, JsonSerializer.SerializeToElement(new { amount = 2500, currency = "USD" }))));
        }
    }

    private static JsonElement Eur(long amount) => JsonSerializer.SerializeToElement(new { amount, currency = "EUR" });

    private async Task<HttpResponseMessage> AskAsync(string path, Sale sale, int quantity, JsonElement expectedTotal, Guid? buyer = null, Uri? replica = null)
    {
        using var client = world.Client(replica ?? world.TicketsUrl, Roles.Customer, buyer);
        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        var items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity } };
        return path == "purchases"
            ? await client.PostAsJsonAsync($"/api/v1/{path}", new { eventId = sale.EventId, items, expectedTotal, payment = new { method = "test", token = "tok_ok" } }, Cancellation)
            : await client.PostAsJsonAsync($"/api/v1/{path}", new { eventId = sale.EventId, items, expectedTotal }, Cancellation);
    }

    private async Task<HttpResponseMessage> PayAsync(Guid reservationId, JsonElement expectedTotal, Guid buyer, string key)
    {
        using var client = world.Tickets(Roles.Customer, buyer);
        client.DefaultRequestHeaders.Add("Idempotency-Key", key);
        return await client.PostAsJsonAsync("/api/v1/purchases", new { reservationId, expectedTotal, payment = new { method = "test", token = "tok_ok" } }, Cancellation);
    }

    // The new total that the refusal names.
    private static async Task<long> ChangedAsync(HttpResponseMessage answer)
    {
        var problem = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal((HttpStatusCode.Conflict, "price_changed", "EUR"), (answer.StatusCode, problem.Text("code"), problem.GetProperty("total").Text("currency")));
        return problem.GetProperty("total").Number("amount");
    }
}
