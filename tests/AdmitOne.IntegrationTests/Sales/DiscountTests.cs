using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Codes as their managers keep them and as buyers meet them.</summary>
public sealed class DiscountTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_code_is_made_read_edited_by_version_and_removed()
    {
        using var manager = world.Tickets(Roles.VenueManager);
        using var made = await manager.PostAsJsonAsync("/api/v1/discounts", World.DiscountBody(With(("maxUses", 5), ("cap", Eur(500)), ("minimum", Eur(100)), ("priority", 3), ("stackable", true))), Cancellation);
        var discount = await made.ReadAsync(HttpStatusCode.Created);
        Assert.Equal($"/api/v1/discounts/{discount.Id()}", made.Headers.Location!.ToString());
        Assert.Equal((10m, 0, 1), (discount.GetProperty("percent").GetDecimal(), discount.Number("used"), discount.Number("version")));
        Assert.Contains(discount.Id(), (await manager.GetJsonAsync("/api/v1/discounts?limit=100")).Items().Select(d => d.Id()));

        Assert.Equal("if_match_required", await (await manager.PatchAsJsonAsync($"/api/v1/discounts/{discount.Id()}", new { maxUses = 7 }, Cancellation)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        manager.DefaultRequestHeaders.Add("If-Match", made.Headers.ETag!.ToString());
        var changed = await (await manager.PatchAsJsonAsync($"/api/v1/discounts/{discount.Id()}", new { maxUses = 7, cap = (object?)null }, Cancellation)).ReadAsync();
        Assert.Equal((7, System.Text.Json.JsonValueKind.Null), (changed.Number("maxUses"), changed.GetProperty("cap").ValueKind));
        Assert.Equal("version_mismatch", await (await manager.DeleteAsync($"/api/v1/discounts/{discount.Id()}", Cancellation)).RefusedAsync(HttpStatusCode.PreconditionFailed));
        manager.DefaultRequestHeaders.Remove("If-Match");
        manager.DefaultRequestHeaders.Add("If-Match", "\"2\"");
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/discounts/{discount.Id()}", Cancellation)).StatusCode);
        Assert.Equal("not_found", await (await manager.GetAsync($"/api/v1/discounts/{discount.Id()}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        // Its code is free again.
        await manager.MakeAsync("/api/v1/discounts", World.DiscountBody(With(("code", discount.Text("code")))));
    }

    [Fact]
    public async Task Whoever_pays_cash_is_nobody_whose_uses_could_be_counted_but_all_uses_together_are()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var code = (await world.DiscountAsync(With(("maxUses", 3), ("maxUsesPerCustomer", 1)))).Text("code");
        using var box = world.Tickets(Roles.VenueStaff);
        async Task<HttpResponseMessage> SellAsync()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/purchases")
            {
                Content = JsonContent.Create(new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } }, discountCode = code, payment = new { method = "cash" } }),
            };
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
            return await box.SendAsync(request, Cancellation);
        }

        for (var n = 0; n < 3; n++) await (await SellAsync()).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("discount_exhausted", await (await SellAsync()).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Two_codes_that_differ_in_case_alone_are_one_and_another_tenant_may_have_it_too()
    {
        var code = (await world.DiscountAsync()).Text("code");
        using var manager = world.Tickets(Roles.VenueManager);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => manager.PostAsJsonAsync("/api/v1/discounts", World.DiscountBody(With(("code", n % 2 == 0 ? code.ToLowerInvariant() : code))), Cancellation)));
        foreach (var answer in answers) Assert.Equal("already_exists", await answer.RefusedAsync(HttpStatusCode.Conflict));
        await world.DiscountAsync(With(("code", code)), world.OtherTenant);
    }

    [Theory]
    [InlineData("percent", 0, "/percent")]
    [InlineData("percent", 101, "/percent")]
    [InlineData("percent", null, "/percent")]
    [InlineData("code", "with space", "/code")]
    [InlineData("code", "", "/code")]
    [InlineData("maxUses", 0, "/maxUses")]
    [InlineData("validFrom", "2036-01-01T00:00:00Z", "/validFrom")]
    [InlineData("buy", 2, "/buy")]
    [InlineData("eventId", "0199a1b2-7c00-7000-8000-000000000001", "/eventId")]
    public async Task A_code_that_makes_no_sense_is_refused_where_the_fault_is(string property, object? value, string pointer)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        var problem = await (await manager.PostAsJsonAsync("/api/v1/discounts", World.DiscountBody(With((property, value))), Cancellation)).ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Contains(pointer, problem.Items("errors").Select(e => e.Text("pointer")));
    }

    [Fact]
    public async Task Only_managers_keep_codes_and_only_their_own()
    {
        var id = (await world.DiscountAsync()).Id();
        using var customer = world.Tickets(Roles.Customer);
        Assert.Equal("role_required", await (await customer.GetAsync("/api/v1/discounts", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("role_required", await (await customer.PostAsync("/api/v1/discounts", World.DiscountBody())).RefusedAsync(HttpStatusCode.Forbidden));
        using var stranger = world.Tickets(Roles.Admin, tenant: world.OtherTenant);
        stranger.DefaultRequestHeaders.Add("If-Match", "*");
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Patch, HttpMethod.Delete })
        {
            using var request = new HttpRequestMessage(method, $"/api/v1/discounts/{id}") { Content = method == HttpMethod.Patch ? JsonContent.Create(new { maxUses = 1 }) : null };
            Assert.Equal("not_found", await (await stranger.SendAsync(request, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        }
        Assert.DoesNotContain(id, (await stranger.GetJsonAsync("/api/v1/discounts?limit=100")).Items().Select(d => d.Id()));
    }

    [Theory]
    [InlineData("validFrom", "2035-01-01T00:00:00Z")]
    [InlineData("validUntil", "2026-01-02T00:00:00Z")]
    [InlineData("minimum", 2501)]
    [InlineData("eventId", "other")]
    [InlineData("ticketTypeIds", "other")]
    public async Task A_code_that_does_not_apply_refuses_quote_hold_and_purchase_alike_and_takes_nothing(string property, object value)
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var other = await world.PutOnSaleAsync(quantity: 5);
        var code = (await world.DiscountAsync(With((property, (property, value) switch
        {
            ("minimum", _) => Eur(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)),
            ("eventId", _) => other.EventId,
            ("ticketTypeIds", _) => new[] { other.TicketTypeId },
            _ => value,
        })))).Text("code");
        foreach (var answer in new[] { await world.QuoteAsync(sale, 1, code), await world.HoldWithCodeAsync(sale, code), await world.BuyWithCodeAsync(sale, code) })
            Assert.Equal("discount_invalid", await answer.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(5, await world.Ask<int>("select quantity - held - sold from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_code_for_the_whole_price_makes_an_order_that_is_free()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var all = await world.DiscountAsync(With(("percent", 100)));
        var bought = await (await world.BuyWithCodeAsync(sale, all.Text("code"), 2, token: "free")).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("paid", 0), (bought.Text("status"), bought.GetProperty("total").Number("amount")));
        Assert.Equal(1, await world.UsedAsync(all.Id()));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Of_three_the_cheapest_is_free_and_two_codes_are_combined_if_both_may_be()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var free = (await world.DiscountAsync(With(("kind", "buy_x_get_y"), ("buy", 2), ("get", 1), ("stackable", true), ("priority", 1)))).Text("code");
        var fixedOff = (await world.DiscountAsync(With(("kind", "fixed"), ("amount", Eur(300)), ("stackable", true)))).Text("code");
        var alone = (await world.DiscountAsync()).Text("code");
        Assert.Equal(5000 - 300, (await (await world.BuyWithCodeAsync(sale, $"{fixedOff}, {free}", 3)).ReadAsync(HttpStatusCode.Created)).GetProperty("total").Number("amount"));
        Assert.Equal("discount_invalid", await (await world.BuyWithCodeAsync(sale, $"{alone},{free}", 3)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("discount_invalid", await (await world.QuoteAsync(sale, 2, free)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_declined_payment_gives_the_use_back_and_a_limit_cannot_drop_below_what_is_used()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var discount = await world.DiscountAsync(With(("maxUses", 2)));
        Assert.Equal("payment_declined", await (await world.BuyWithCodeAsync(sale, discount.Text("code"), token: "tok_decline")).RefusedAsync(HttpStatusCode.PaymentRequired));
        Assert.Equal(0, await world.UsedAsync(discount.Id()));
        foreach (var _ in Enumerable.Range(0, 2)) await (await world.BuyWithCodeAsync(sale, discount.Text("code"), token: "tok_twice")).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(2, await world.UsedAsync(discount.Id()));
        foreach (var answer in new[] { await world.QuoteAsync(sale, 1, discount.Text("code")), await world.HoldWithCodeAsync(sale, discount.Text("code")), await world.BuyWithCodeAsync(sale, discount.Text("code")) })
            Assert.Equal("discount_exhausted", await answer.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var manager = world.Tickets(Roles.VenueManager);
        manager.DefaultRequestHeaders.Add("If-Match", "*");
        var problem = await (await manager.PatchAsJsonAsync($"/api/v1/discounts/{discount.Id()}", new { maxUses = 1 }, Cancellation)).ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/maxUses", problem.Items("errors")[0].Text("pointer"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_refund_of_all_its_tickets_gives_the_use_back_once_and_one_of_some_does_not()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var discount = await world.DiscountAsync(With(("maxUses", 1), ("percent", 33)));
        var bought = await (await world.BuyWithCodeAsync(sale, discount.Text("code"), 2)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(5000 - 1650, bought.GetProperty("total").Number("amount"));
        Assert.Equal(1675, (await RefundAsync(bought, bought.Items("tickets")[0].Id())).GetProperty("amount").Number("amount"));
        Assert.Equal("discount_exhausted", await (await world.BuyWithCodeAsync(sale, discount.Text("code"))).RefusedAsync(HttpStatusCode.UnprocessableEntity));

        Assert.Equal(1675, (await RefundAsync(bought, bought.Items("tickets")[1].Id())).GetProperty("amount").Number("amount"));
        Assert.Equal(0, await world.UsedAsync(discount.Id()));
        Assert.Equal(HttpStatusCode.Created, (await world.BuyWithCodeAsync(sale, discount.Text("code"))).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<System.Text.Json.JsonElement> RefundAsync(System.Text.Json.JsonElement bought, Guid ticket)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        using var answer = await manager.PostAsync($"/api/v1/orders/{bought.Id("orderId")}/refunds", new { ticketIds = new[] { ticket }, reason = "Could not come" }, ("Idempotency-Key", Guid.CreateVersion7().ToString()));
        return await answer.ReadAsync(HttpStatusCode.Created);
    }

    private static Dictionary<string, object?> With(params (string Name, object? Value)[] properties) => properties.ToDictionary(p => p.Name, p => p.Value);

    private static object Eur(long amount) => new { amount, currency = "EUR" };
}
