using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>What staff sell and give away, and who may come.</summary>
public sealed class BoxOfficeTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tickets_sold_for_cash_go_to_an_address_and_the_orders_page_shows_them()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        using var staff = world.Tickets(Roles.VenueStaff);
        var body = new { eventId = sale.EventId, items = Items(sale, 2), contactEmail = "kim@people.example", buyerName = "Kim", payment = new { method = "cash" } };
        var order = await (await staff.PostAsync("/api/v1/purchases", body, NewKey())).ReadAsync(HttpStatusCode.Created);
        using var manager = world.Tickets(Roles.VenueManager);
        var read = await manager.GetJsonAsync($"/api/v1/orders/{order.Id("orderId")}");
        Assert.Equal(("kim@people.example", "Kim"), (read.Text("contactEmail"), read.Text("buyerName")));
        using var anybody = world.Tickets();
        var page = $"/api/v1/order-pages/{read.Text("orderNumber")}/{read.Text("pageKey")}";
        Assert.Equal(2, (await anybody.GetJsonAsync(page)).Items("tickets").Count);
        Assert.NotEmpty((await anybody.GetJsonAsync($"{page}/tickets/{order.Items("tickets")[0].Id()}/qr")).Text("code"));
        Assert.Equal("not_owner", await (await anybody.PostAsync(page + "/refunds", new { reason = "Ill." }, NewKey())).RefusedAsync(HttpStatusCode.Forbidden));
    }

    [Fact]
    public async Task Complimentary_tickets_cost_nothing_take_their_places_and_stand_in_the_audit_log()
    {
        var sale = await world.PutOnSaleAsync(quantity: 4);
        using var manager = world.Tickets(Roles.VenueManager);
        var path = $"/api/v1/events/{sale.EventId}/complimentary-orders";
        var (body, key) = (new { items = Items(sale, 3), reason = "For the press.", contactEmail = "press@people.example" }, NewKey());
        // The same request twice at once gives them once.
        var both = await Task.WhenAll(manager.PostAsync(path, body, key), manager.PostAsync(path, body, key));
        var orders = new HashSet<Guid>();
        foreach (var answer in both) orders.Add((await answer.ReadAsync(HttpStatusCode.Created)).Id("orderId"));
        var order = await manager.GetJsonAsync($"/api/v1/orders/{Assert.Single(orders)}");
        Assert.Equal(("paid", 0, 3, "press@people.example"), (order.Text("status"), order.GetProperty("total").Number("amount"), order.Items("tickets").Count, order.Text("contactEmail")));
        Assert.Equal("For the press.", await world.Ask<string>("select after ->> 'reason' from platform.audit_log where action = 'order.give' and resource_id = @id", new { id = order.Id() }));
        Assert.Equal("insufficient_inventory", await (await manager.PostAsync(path, new { items = Items(sale, 2), reason = "More." }, NewKey())).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("validation_failed", await (await manager.PostAsync(path, new { items = Items(sale, 1), reason = " " }, NewKey())).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var staff = world.Tickets(Roles.VenueStaff);
        Assert.Equal("role_required", await (await staff.PostAsync(path, body, NewKey())).RefusedAsync(HttpStatusCode.Forbidden));
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);

        using var anybody = world.Tickets();
        var code = (await anybody.GetJsonAsync($"/api/v1/order-pages/{order.Text("orderNumber")}/{order.Text("pageKey")}/tickets/{order.Items("tickets")[0].Id()}/qr")).Text("code");
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task The_attendee_list_names_who_comes_and_its_file_has_the_same_rows()
    {
        var sale = await world.PutOnSaleAsync(quantity: 9, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        using var guest = await world.GuestAsync(sale);
        var first = await (await World.BuyAsGuestAsync(guest, sale, 2, "ann@people.example")).ReadAsync(HttpStatusCode.Created);
        using var name = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/tickets/{first.Items("tickets")[1].Id()}") { Content = System.Net.Http.Json.JsonContent.Create(new { attendeeName = "=Robin, \"R\"" }) };
        await (await guest.SendAsync(name, Cancellation)).ReadAsync();
        var second = await world.BoughtAsync(sale, quantity: 2);
        await (await world.RefundAsync(second, [second.Tickets[0]])).ReadAsync(HttpStatusCode.Created);

        using var manager = world.Tickets(Roles.VenueManager);
        var (seen, cursor) = (new List<System.Text.Json.JsonElement>(), "");
        do
        {
            var page = await manager.GetJsonAsync($"/api/v1/events/{sale.EventId}/attendees?limit=2{cursor}");
            seen.AddRange(page.Items());
            cursor = page.GetProperty("nextCursor").GetString() is { } next ? $"&cursor={next}" : null;
        }
        while (cursor is not null);
        Assert.Equal([.. first.Items("tickets").Select(t => t.Id()).Append(second.Tickets[1]).Order()], seen.Select(a => a.Id("ticketId")));
        var robin = seen.Single(a => a.Id("ticketId") == first.Items("tickets")[1].Id());
        Assert.Equal(("=Robin, \"R\"", "ann@people.example", "General admission", "Floor"), (robin.Text("name"), robin.Text("email"), robin.Text("ticketType"), robin.Text("section")));
        Assert.Equal($"{second.Buyer:n}@people.example", seen.Single(a => a.Id("ticketId") == second.Tickets[1]).Text("email"));

        using var file = await manager.GetAsync($"/api/v1/events/{sale.EventId}/attendees.csv", Cancellation);
        Assert.Equal((HttpStatusCode.OK, "text/csv"), (file.StatusCode, file.Content.Headers.ContentType!.MediaType));
        var lines = (await file.Content.ReadAsStringAsync(Cancellation)).Split("\r\n");
        Assert.Equal(5, lines.Length);
        Assert.Contains(lines, line => line.Contains(",\"'=Robin, \"\"R\"\"\",ann@people.example,General admission,Floor,", StringComparison.Ordinal));
        using var staff = world.Tickets(Roles.VenueStaff);
        Assert.Equal("role_required", await (await staff.GetAsync($"/api/v1/events/{sale.EventId}/attendees", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
    }

    private static (string, string) NewKey() => ("Idempotency-Key", Guid.CreateVersion7().ToString());

    private static object[] Items(Sale sale, int quantity) => [new { ticketTypeId = sale.TicketTypeId, quantity }];
}
