using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Whom an order is for, who comes with each ticket, and lists that say what was bought.</summary>
public sealed class ContactTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_keeps_whom_it_is_for_and_lists_name_what_was_bought()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var buyer = Guid.CreateVersion7();
        using var client = world.Tickets(Roles.Customer, buyer);
        var order = await (await BuyAsync(client, sale, new { contactEmail = "Ann@People.Example", buyerName = "  Ann de Vries ", language = "pt-BR" })).ReadAsync(HttpStatusCode.Created);

        var read = await client.GetJsonAsync($"/api/v1/orders/{order.Id("orderId")}");
        Assert.Equal(("ann@people.example", "Ann de Vries", "pt-BR"), (read.Text("contactEmail"), read.Text("buyerName"), read.Text("language")));
        var listed = (await client.GetJsonAsync("/api/v1/orders")).Items().Single();
        Assert.Equal(("An Evening by the River", "The Hall", "Europe/Amsterdam"), (listed.GetProperty("event").Text("name"), listed.GetProperty("event").Text("venue"), listed.GetProperty("event").Text("timeZone")));
        Assert.Equal(("ann@people.example", "Ann de Vries"), (listed.Text("contactEmail"), listed.Text("buyerName")));
        var item = listed.Items("items").Single();
        Assert.Equal(("General admission", "Floor", 2), (item.Text("ticketType"), item.Text("section"), item.Number("quantity")));

        var tickets = (await client.GetJsonAsync("/api/v1/tickets")).Items();
        Assert.Equal(2, tickets.Count);
        Assert.All(tickets, ticket =>
        {
            Assert.Equal(("An Evening by the River", "The Hall"), (ticket.GetProperty("event").Text("name"), ticket.GetProperty("event").Text("venue")));
            Assert.Equal(listed.GetProperty("event").Instant("startsAt"), ticket.GetProperty("event").Instant("startsAt"));
            Assert.Equal(("General admission", "Floor"), (ticket.Text("ticketType"), ticket.Text("section")));
        });
    }

    [Fact]
    public async Task Without_a_contact_the_order_goes_to_the_tokens_address_and_bad_ones_are_refused()
    {
        var sale = await world.PutOnSaleAsync(quantity: 9);
        var buyer = Guid.CreateVersion7();
        using var client = world.Tickets(Roles.Customer, buyer);
        var order = await (await BuyAsync(client, sale, new { })).ReadAsync(HttpStatusCode.Created);
        Assert.Equal($"{buyer:n}@people.example", (await client.GetJsonAsync($"/api/v1/orders/{order.Id("orderId")}")).Text("contactEmail"));
        foreach (var bad in new object[] { new { contactEmail = "nowhere" }, new { language = "Dutch" }, new { language = "nl_NL" }, new { buyerName = " " }, new { buyerName = new string('x', 201) } })
            Assert.Equal("validation_failed", await (await BuyAsync(client, sale, bad)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task A_holder_names_who_comes_until_the_ticket_is_used_and_a_new_owner_names_anew()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var order = await world.BoughtAsync(sale, quantity: 2);
        using var owner = world.Tickets(Roles.Customer, order.Buyer);
        string path = $"/api/v1/tickets/{order.Tickets[0]}", other = $"/api/v1/tickets/{order.Tickets[1]}";
        var named = await (await PatchAsync(owner, path, new { attendeeName = "Robin", attendeeEmail = "Robin@People.Example" })).ReadAsync();
        Assert.Equal(("Robin", "robin@people.example"), (named.Text("attendeeName"), named.Text("attendeeEmail")));
        using var read = await owner.GetAsync(path, Cancellation);
        var tag = read.Headers.ETag!.ToString();
        Assert.Equal("Robin", (await read.ReadAsync()).Text("attendeeName"));

        var cleared = await (await PatchAsync(owner, path, new { attendeeEmail = (string?)null }, tag)).ReadAsync();
        Assert.Equal(("Robin", System.Text.Json.JsonValueKind.Null), (cleared.Text("attendeeName"), cleared.GetProperty("attendeeEmail").ValueKind));
        Assert.Equal("version_mismatch", await (await PatchAsync(owner, path, new { attendeeName = "Kim" }, tag)).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal("validation_failed", await (await PatchAsync(owner, path, new { attendeeEmail = "nowhere" })).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var stranger = world.Tickets(Roles.Customer);
        Assert.Equal("not_owner", await (await PatchAsync(stranger, path, new { attendeeName = "Mine" })).RefusedAsync(HttpStatusCode.Forbidden));

        await (await world.ScanAsync(sale.EventId, await world.CodeAsync(order.Tickets[0], order.Buyer))).ReadAsync();
        Assert.Equal("ticket_used", await (await PatchAsync(owner, path, new { attendeeName = "Late" })).RefusedAsync(HttpStatusCode.Conflict));

        await (await PatchAsync(owner, other, new { attendeeName = "Sam" })).ReadAsync();
        var friend = Guid.CreateVersion7();
        var offer = await world.OfferedAsync(order.Tickets[1], order.Buyer, friend);
        using var accepts = world.Tickets(Roles.Customer, friend);
        await (await accepts.PostAsJsonAsync($"/api/v1/transfers/{offer}/accept", new { }, Cancellation)).ReadAsync();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await accepts.GetJsonAsync(other)).GetProperty("attendeeName").ValueKind);
        Assert.Equal("not_owner", await (await PatchAsync(owner, other, new { attendeeName = "Sam" })).RefusedAsync(HttpStatusCode.Forbidden));
    }

    private static Task<HttpResponseMessage> PatchAsync(HttpClient client, string path, object patch, string? tag = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(patch) };
        if (tag is not null) request.Headers.TryAddWithoutValidation("If-Match", tag);
        return client.SendAsync(request, Cancellation);
    }

    private static Task<HttpResponseMessage> BuyAsync(HttpClient client, Sale sale, object contact)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToNode(new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 2 } }, payment = new { method = "test", token = "tok_ok" } })!.AsObject();
        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(contact)!.AsObject()) body[name] = value?.DeepClone();
        return client.PostAsync("/api/v1/purchases", body, ("Idempotency-Key", Guid.CreateVersion7().ToString()));
    }
}
