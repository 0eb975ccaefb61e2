using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Outbound;

namespace AdmitOne.IntegrationTests.Internal;

/// <summary>Holds last two seconds here.</summary>
public sealed class OrderServiceWorld(Stack stack) : World(stack, [("RESERVATION_TTL_SECONDS", "4"), ("RESERVATION_SWEEP_SECONDS", "1")]);

/// <summary>An order service of the organiser's own, which signs its calls and says everything twice.</summary>
public sealed class OrderServiceTests(OrderServiceWorld world) : IClassFixture<OrderServiceWorld>
{
    [Fact]
    public async Task It_reserves_and_confirms_by_its_own_order_id_and_a_repeat_is_the_same()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var (order, owner) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var look = await (await CallAsync("availability", new { eventId = sale.EventId })).ReadAsync();
        Assert.Equal(5, look.Items().Single().Number("available"));
        Assert.Equal(2500, (await (await CallAsync("prices", new { ticketTypeIds = new[] { sale.TicketTypeId } })).ReadAsync()).Items().Single().GetProperty("price").Number("amount"));

        object asked = new { orderId = order, userId = owner, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 2 } } };
        var held = await (await CallAsync("reserve", asked)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("held", 5000), (held.Text("status"), held.GetProperty("total").Number("amount")));
        Assert.Equal("held", (await (await CallAsync("reserve", asked)).ReadAsync()).Text("status"));
        Assert.Equal("already_exists", await (await CallAsync("reserve", new { orderId = order, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 3 } } })).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(3, await world.AvailableAsync(sale));

        JsonElement confirmed = default;
        for (var n = 0; n < 2; n++) confirmed = await (await CallAsync("confirm", new { orderId = order, paymentReference = "pay_9" })).ReadAsync();
        Assert.Equal(("confirmed", 2), (confirmed.Text("status"), confirmed.Items("tickets").Count));
        Assert.Equal("reservation_not_held", await (await CallAsync("release", new { orderId = order })).RefusedAsync(HttpStatusCode.Conflict));

        var ticket = confirmed.Items("tickets")[0].Id();
        var status = await (await CallAsync($"{ticket}/status", null)).ReadAsync();
        Assert.Equal((owner, "issued", false, false, true), (status.Id("ownerId"), status.Text("status"), status.GetProperty("transferred").GetBoolean(), status.GetProperty("scanned").GetBoolean(),
            status.GetProperty("refundable").GetBoolean()));
        await world.AssertBooksAreRightAsync(sale.EventId);

        // The organiser gives it back; whoever took the money hands it out.
        await (await world.RefundAsync(new Bought(order, owner, []))).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("refunded", (await (await CallAsync($"{ticket}/status", null, service: "event-service")).ReadAsync()).Text("status"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task It_is_told_the_price_that_buyers_are_shown()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions
        {
            TicketType = new Dictionary<string, object?> { ["priceRules"] = new[] { new { kind = "early_bird", price = new { amount = 1800, currency = "EUR" }, count = 2 } } },
        });
        async Task<long> PriceAsync() => (await (await CallAsync("prices", new { eventId = sale.EventId })).ReadAsync()).Items().Single().GetProperty("price").Number("amount");
        Assert.Equal(1800, await PriceAsync());
        await (await world.BuyAsync(sale, 2)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(2500, await PriceAsync());
    }

    [Fact]
    public async Task Twenty_equal_reservations_at_two_replicas_are_one()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var replica = await world.StartReplicaAsync();
        var order = Guid.CreateVersion7();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => CallAsync("reserve", Wanted(order, sale, 2), replica: n % 2 == 0 ? replica.Url : null)));
        Assert.All(answers, a => Assert.True(a.IsSuccessStatusCode));
        await World.UntilAsync("two are taken", async () => await world.AvailableAsync(sale) == 3);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_release_gives_back_and_what_expired_is_confirmed_only_if_there_is_still_room()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2);
        var (released, late, tooLate) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await (await CallAsync("reserve", Wanted(released, sale, 2))).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("insufficient_inventory", await (await CallAsync("reserve", Wanted(late, sale, 1))).RefusedAsync(HttpStatusCode.Conflict));
        for (var n = 0; n < 2; n++) Assert.Equal("released", (await (await CallAsync("release", new { orderId = released })).ReadAsync()).Text("status"));

        await (await CallAsync("reserve", Wanted(late, sale, 1))).ReadAsync(HttpStatusCode.Created);
        await (await CallAsync("reserve", Wanted(tooLate, sale, 1))).ReadAsync(HttpStatusCode.Created);
        await World.UntilAsync(async () => await world.AvailableAsync(sale) == 2);
        Assert.Equal("confirmed", (await (await CallAsync("confirm", new { orderId = late })).ReadAsync()).Text("status"));
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("reservation_expired", await (await CallAsync("confirm", new { orderId = tooLate })).RefusedAsync(HttpStatusCode.Gone));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Only_the_order_service_may_and_only_for_the_tenant_it_signs_for()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2);
        Assert.Equal("bad_signature", await (await CallAsync("reserve", Wanted(Guid.CreateVersion7(), sale, 1), service: "event-service")).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("not_found", await (await CallAsync("reserve", Wanted(Guid.CreateVersion7(), sale, 1), tenant: world.OtherTenant)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await CallAsync("confirm", new { orderId = Guid.CreateVersion7() })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await CallAsync($"{Guid.CreateVersion7()}/status", null)).RefusedAsync(HttpStatusCode.NotFound));
        using var nobody = world.Tickets();
        Assert.Equal("bad_signature", await (await nobody.PostAsJsonAsync("/internal/tickets/reserve", Wanted(Guid.CreateVersion7(), sale, 1), TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Unauthorized));
    }

    private static object Wanted(Guid order, Sale sale, int quantity) => new { orderId = order, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity } } };

    // A replica that has just started may be too slow for Redis to rule a replay out in time: it then says so, and to come again.
    private async Task<HttpResponseMessage> CallAsync(string path, object? body, string service = "order-service", Guid? tenant = null, Uri? replica = null)
    {
        for (var attempt = 0; ; attempt++)
        {
            var answer = await CallOnceAsync(path, body, service, tenant, replica);
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == 20) return answer;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private async Task<HttpResponseMessage> CallOnceAsync(string path, object? body, string service, Guid? tenant, Uri? replica)
    {
        var bytes = body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body);
        var call = new SignedCall(service, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), Guid.CreateVersion7().ToString(), body is null ? "GET" : "POST", $"/internal/tickets/{path}", (tenant ?? world.Tenant).ToString());
        var request = new HttpRequestMessage(new HttpMethod(call.Method), call.PathAndQuery);
        if (body is not null) request.Content = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } };
        foreach (var (name, value) in new[]
        {
            (ServiceSignature.ServiceHeader, call.Service), (ServiceSignature.TimestampHeader, call.Timestamp.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            (ServiceSignature.NonceHeader, call.Nonce), (ServiceSignature.TenantHeader, call.Tenant),
            (ServiceSignature.SignatureHeader, ServiceSignature.Sign(world.TicketsSettings["INTERNAL_API_KEY"]!, call, bytes)),
        })
            request.Headers.TryAddWithoutValidation(name, value);
        using var client = world.Client(replica ?? world.TicketsUrl);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
