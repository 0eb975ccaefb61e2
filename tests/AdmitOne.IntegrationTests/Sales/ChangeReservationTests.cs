using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>A customer looks at what they hold, and changes it without losing it.</summary>
public sealed class ChangeReservationTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hold_is_changed_bought_as_changed_and_ends_when_it_would_have_ended()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { Capacity = 100 });
        var balcony = await AddTypeAsync(sale, quantity: 5);
        var buyer = Guid.CreateVersion7();
        using var client = world.Tickets(Roles.Customer, buyer);
        using var made = await world.HoldAsync(sale, 2, buyer);
        var hold = await made.ReadAsync(HttpStatusCode.Created);

        using var answer = await PatchAsync(client, hold.Id(), new { items = new[] { Item(sale.TicketTypeId, 1), Item(balcony, 3) } }, made.Headers.ETag!.Tag);
        var changed = await answer.ReadAsync();
        Assert.Equal((hold.Id(), hold.Instant("expiresAt"), 2500 + 3 * 1000), (changed.Id(), changed.Instant("expiresAt"), changed.GetProperty("total").Number("amount")));
        Assert.NotEqual(made.Headers.ETag!.Tag, answer.Headers.ETag!.Tag);
        using var read = await client.GetAsync($"/api/v1/reservations/{hold.Id()}", Stop);
        Assert.Equal(answer.Headers.ETag!.Tag, read.Headers.ETag!.Tag);
        Assert.Equal(changed.ToString(), (await read.ReadAsync()).ToString());
        await world.AssertBooksAreRightAsync(sale.EventId);

        using var stale = await PatchAsync(client, hold.Id(), new { items = new[] { Item(balcony, 1) } }, made.Headers.ETag!.Tag);
        Assert.Equal("version_mismatch", await stale.RefusedAsync(HttpStatusCode.PreconditionFailed));
        foreach (var (first, second) in new[] { (4, 0), (0, 5), (2, 2) })   // fewer rows, another row, more rows
        {
            object[] items = [.. new[] { (sale.TicketTypeId, first), (balcony, second) }.Where(i => i.Item2 > 0).Select(i => Item(i.Item1, i.Item2))];
            Assert.Equal(items.Length, (await (await PatchAsync(client, hold.Id(), new { items })).ReadAsync()).Items().Count);
            await world.AssertBooksAreRightAsync(sale.EventId);
        }
        var order = await (await world.BuyHeldAsync(hold.Id(), buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((4, 2 * 2500 + 2 * 1000), (order.Items("tickets").Count, order.GetProperty("total").Number("amount")));
        Assert.Equal("reservation_not_held", await (await PatchAsync(client, hold.Id(), new { items = new[] { Item(balcony, 1) } })).RefusedAsync(HttpStatusCode.Conflict));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_cannot_be_had_leaves_the_hold_as_it_was_and_says_why()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3);
        var (buyer, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var hold = await (await world.HoldAsync(sale, 2, buyer)).ReadAsync(HttpStatusCode.Created);
        await (await world.HoldAsync(sale, 1, other)).ReadAsync(HttpStatusCode.Created);
        using var client = world.Tickets(Roles.Customer, buyer);
        async Task RefusesAsync(HttpStatusCode status, string code, object patch, HttpClient? by = null) =>
            Assert.Equal(code, await (await PatchAsync(by ?? client, hold.Id(), patch)).RefusedAsync(status));

        await RefusesAsync(HttpStatusCode.Conflict, "insufficient_inventory", new { items = new[] { Item(sale.TicketTypeId, 3) } });
        await RefusesAsync(HttpStatusCode.NotFound, "not_found", new { items = new[] { Item(Guid.CreateVersion7(), 1) } });
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "limit_per_order", new { items = new[] { Item(sale.TicketTypeId, 11) } });
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "validation_failed", new { items = Array.Empty<object>() });
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "validation_failed", new { eventId = Guid.CreateVersion7() });
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "discount_invalid", new { discountCode = "NONE" });
        await RefusesAsync(HttpStatusCode.BadRequest, "unknown_property", new { quantity = 3 });
        using var stranger = world.Tickets(Roles.Customer, other);
        await RefusesAsync(HttpStatusCode.Forbidden, "not_owner", new { items = new[] { Item(sale.TicketTypeId, 1) } }, stranger);

        var still = await client.GetJsonAsync($"/api/v1/reservations/{hold.Id()}");
        Assert.Equal(("held", 2, hold.Instant("expiresAt")), (still.Text("status"), still.Items().Single().Number("quantity"), still.Instant("expiresAt")));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_discount_code_comes_stays_and_goes()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var manager = world.Tickets(Roles.VenueManager);
        var code = $"C{Guid.CreateVersion7():n}"[..20].ToUpperInvariant();
        await manager.MakeAsync("/api/v1/discounts", new
        {
            code, kind = "percentage", percent = 10, eventId = sale.EventId, validFrom = "2026-01-01T00:00:00Z", validUntil = "2199-01-01T00:00:00Z",
        });
        var buyer = Guid.CreateVersion7();
        using var client = world.Tickets(Roles.Customer, buyer);
        var hold = (await (await world.HoldAsync(sale, 2, buyer)).ReadAsync(HttpStatusCode.Created)).Id();
        async Task<long> TotalAsync(object patch) => (await (await PatchAsync(client, hold, patch)).ReadAsync()).GetProperty("total").Number("amount");

        Assert.Equal(4500, await TotalAsync(new { discountCode = code }));
        Assert.Equal(6750, await TotalAsync(new { items = new[] { Item(sale.TicketTypeId, 3) } }));
        Assert.Equal(7500, await TotalAsync(new Dictionary<string, object?> { ["discountCode"] = null }));
        Assert.Equal(6750, await TotalAsync(new { discountCode = code }));
        var order = await (await world.BuyHeldAsync(hold, buyer)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(6750, order.GetProperty("total").Number("amount"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Changes_purchases_and_releases_of_one_hold_at_once_over_two_replicas_keep_the_books_right()
    {
        var sale = await world.PutOnSaleAsync(quantity: 40, new SaleOptions { Capacity = 100 });
        var balcony = await AddTypeAsync(sale, quantity: 40);
        var replica = await world.StartReplicaAsync();
        for (var round = 0; round < 4; round++)
        {
            var buyer = Guid.CreateVersion7();
            var hold = (await (await world.HoldAsync(sale, 2, buyer)).ReadAsync(HttpStatusCode.Created)).Id();
            HttpClient[] clients = [world.Tickets(Roles.Customer, buyer), world.Client(replica.Url, Roles.Customer, buyer)];
            var changes = Enumerable.Range(0, 12).Select(async n =>
            {
                using var answer = await PatchAsync(clients[n % 2], hold, new { items = n % 3 == 0 ? [Item(balcony, 1 + (n % 4))] : new[] { Item(sale.TicketTypeId, 1 + (n % 3)), Item(balcony, 1) } });
                if (answer.StatusCode != HttpStatusCode.OK) Assert.Contains(await answer.RefusedAsync(HttpStatusCode.Conflict), new[] { "reservation_not_held", "reservation_changed" });
            });
            var end = round % 2 == 0
                ? world.BuyHeldAsync(hold, buyer, replica: replica.Url)
                : clients[0].DeleteAsync($"/api/v1/reservations/{hold}", Stop);
            await Task.WhenAll([.. changes, end]);
            var ended = (await end).StatusCode;
            Assert.Contains(ended, new[] { HttpStatusCode.Created, HttpStatusCode.NoContent, HttpStatusCode.Conflict });
            await world.AssertBooksAreRightAsync(sale.EventId);
            foreach (var client in clients) client.Dispose();
        }
    }

    [Fact]
    public async Task Ones_own_open_holds_are_listed_newest_first_and_nobody_elses()
    {
        var (sale, elsewhere) = (await world.PutOnSaleAsync(quantity: 20), await world.PutOnSaleAsync(quantity: 20));
        var buyer = Guid.CreateVersion7();
        using var client = world.Tickets(Roles.Customer, buyer);
        var holds = new List<Guid>();
        foreach (var of in new[] { sale, elsewhere, sale, sale }) holds.Add((await (await world.HoldAsync(of, 1, buyer)).ReadAsync(HttpStatusCode.Created)).Id());
        await client.DeleteAsync($"/api/v1/reservations/{holds[2]}", Stop);
        await (await world.HoldAsync(sale)).ReadAsync(HttpStatusCode.Created);

        Assert.Equal([holds[3], holds[1], holds[0]], (await client.GetJsonAsync("/api/v1/reservations")).Items().Select(h => h.Id()));
        Assert.Equal([holds[3], holds[0]], (await client.GetJsonAsync($"/api/v1/reservations?eventId={sale.EventId}")).Items().Select(h => h.Id()));
        var page = await client.GetJsonAsync("/api/v1/reservations?limit=2");
        Assert.Equal([holds[3], holds[1]], page.Items().Select(h => h.Id()));
        Assert.Equal([holds[0]], (await client.GetJsonAsync($"/api/v1/reservations?limit=2&cursor={page.Text("nextCursor")}")).Items().Select(h => h.Id()));
        await (await world.BuyHeldAsync(holds[3], buyer)).ReadAsync(HttpStatusCode.Created);
        await world.Sql("update tickets.reservations set expires_at = clock_timestamp() where hold_id = @hold", new { hold = holds[1] });
        Assert.Equal([holds[0]], (await client.GetJsonAsync("/api/v1/reservations")).Items().Select(h => h.Id()));
        using var theirs = world.Tickets(Roles.Customer, buyer, world.OtherTenant);
        Assert.Empty((await theirs.GetJsonAsync("/api/v1/reservations")).Items());
    }

    private async Task<Guid> AddTypeAsync(Sale sale, int quantity)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        return (await manager.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = "Balcony", price = new { amount = 1000, currency = "EUR" }, quantity })).Id();
    }

    private static object Item(Guid ticketTypeId, int quantity) => new { ticketTypeId, quantity };

    private static async Task<HttpResponseMessage> PatchAsync(HttpClient client, Guid hold, object patch, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/reservations/{hold}") { Content = JsonContent.Create(patch, options: s_all) };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await client.SendAsync(request, Stop);
    }

    private static readonly System.Text.Json.JsonSerializerOptions s_all = new(System.Text.Json.JsonSerializerDefaults.Web);
}
