using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Buying without a sign-in: a guest's token, the order's page, and the claim of what a verified address bought.</summary>
public sealed class GuestTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_holds_changes_and_buys_and_reads_the_order_by_its_page_alone()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        using var guest = await world.GuestAsync(sale);
        var hold = await guest.MakeAsync("/api/v1/reservations", new { eventId = sale.EventId, items = Items(sale, 3) });
        using var change = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/reservations/{hold.Id()}") { Content = JsonContent.Create(new { items = Items(sale, 2) }) };
        await (await guest.SendAsync(change, Cancellation)).ReadAsync();
        var bare = new { reservationId = hold.Id(), payment = new { method = "test", token = "tok_ok" } };
        Assert.Equal("validation_failed", await (await guest.PostAsync("/api/v1/purchases", bare, NewKey())).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var order = await (await guest.PostAsync("/api/v1/purchases",
            new { reservationId = hold.Id(), contactEmail = "ann@people.example", buyerName = "Ann", payment = new { method = "test", token = "tok_ok" } }, NewKey())).ReadAsync(HttpStatusCode.Created);
        var page = await World.PageOfAsync(guest, order);

        using var anybody = world.Tickets();
        var seen = await anybody.GetJsonAsync(page);
        Assert.Equal(("paid", "ann@people.example", 2), (seen.GetProperty("order").Text("status"), seen.GetProperty("order").Text("contactEmail"), seen.Items("tickets").Count));
        Assert.Equal(5000, (await anybody.GetJsonAsync(page + "/receipt")).GetProperty("total").Number("amount"));
        var ticket = seen.Items("tickets")[0].Id();
        var code = (await anybody.GetJsonAsync($"{page}/tickets/{ticket}/qr")).Text("code");
        Assert.NotEmpty(code);
        using var name = new HttpRequestMessage(HttpMethod.Patch, $"{page}/tickets/{ticket}") { Content = JsonContent.Create(new { attendeeName = "Robin" }) };
        Assert.Equal("Robin", (await (await anybody.SendAsync(name, Cancellation)).ReadAsync()).Text("attendeeName"));

        var preview = await (await anybody.PostAsJsonAsync(page + "/refunds?preview=true", new { reason = "Ill." }, Cancellation)).ReadAsync();
        Assert.Equal(5000, preview.GetProperty("amount").Number("amount"));
        var key = NewKey();
        var refund = await (await anybody.PostAsync(page + "/refunds", new { ticketIds = new[] { ticket }, reason = "Ill." }, key)).ReadAsync(HttpStatusCode.Created);
        var again = await (await anybody.PostAsync(page + "/refunds", new { ticketIds = new[] { ticket }, reason = "Ill." }, key)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(refund.Id(), again.Id());
        Assert.Equal("ticket_not_issued", await (await anybody.GetAsync($"{page}/tickets/{ticket}/qr", Cancellation)).RefusedAsync(HttpStatusCode.Conflict));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_page_opens_by_its_own_key_alone()
    {
        var sale = await world.PutOnSaleAsync(quantity: 9, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        using var guest = await world.GuestAsync(sale);
        using var other = await world.GuestAsync(sale);
        var (mine, theirs) = (await (await World.BuyAsGuestAsync(guest, sale)).ReadAsync(HttpStatusCode.Created), await (await World.BuyAsGuestAsync(other, sale)).ReadAsync(HttpStatusCode.Created));
        string page = await World.PageOfAsync(guest, mine), theirPage = await World.PageOfAsync(other, theirs);
        string key = page.Split('/')[^1], theirKey = theirPage.Split('/')[^1], number = page.Split('/')[^2], prefix = "/api/v1/order-pages/";
        using var anybody = world.Tickets();
        var flipped = (key[^3] == 'A' ? 'B' : 'A').ToString();
        foreach (var wrong in new[] { $"{prefix}{number}/{theirKey}", $"{prefix}{theirPage.Split('/')[^2]}/{key}", $"{prefix}{number}/{key[..^3]}{flipped}{key[^2..]}", $"{prefix}{number}/x", $"{prefix}{number.ToLowerInvariant()}/{key}" })
            Assert.Equal("not_found", await (await anybody.GetAsync(wrong, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        // A ticket of another order, or one that was given away, is none of this page's.
        Assert.Equal("not_found", await (await anybody.GetAsync($"{page}/tickets/{theirs.Items("tickets")[0].Id()}/qr", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        var friend = Guid.CreateVersion7();
        var offer = (await guest.MakeAsync($"/api/v1/tickets/{mine.Items("tickets")[0].Id()}/transfers", new { recipientEmail = World.EmailOf(friend) })).Id();
        using var accepts = world.Tickets(Roles.Customer, friend);
        await (await accepts.PostAsJsonAsync($"/api/v1/transfers/{offer}/accept", new { }, Cancellation)).ReadAsync();
        Assert.Empty((await anybody.GetJsonAsync(page)).Items("tickets"));
        Assert.Equal("not_found", await (await anybody.GetAsync($"{page}/tickets/{mine.Items("tickets")[0].Id()}/qr", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        // A guest sees nothing of another's, and nobody but the owner is told the key.
        Assert.Equal("not_owner", await (await guest.GetAsync($"/api/v1/orders/{theirs.Id("orderId")}", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        using var manager = world.Tickets(Roles.VenueManager);
        Assert.Equal(JsonValueKind.Null, (await manager.GetJsonAsync($"/api/v1/orders/{mine.Id("orderId")}")).GetProperty("pageKey").ValueKind);
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.orders o where strpos(o::text, @key) > 0", new { key }));
    }

    [Fact]
    public async Task A_guests_token_is_refused_when_it_was_altered_revoked_or_of_a_suspended_organiser()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        using var guest = await world.GuestAsync(sale);
        await guest.GetJsonAsync("/api/v1/orders");
        var token = guest.DefaultRequestHeaders.Authorization!.Parameter!;
        using var forger = world.Tickets();
        foreach (var at in new[] { 8, 30, 55, 70, token.Length - 5 })
        {
            forger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..]);
            Assert.Equal("token_invalid", await (await forger.GetAsync("/api/v1/orders", Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));
        }
        using var events = world.Events();
        events.DefaultRequestHeaders.Authorization = guest.DefaultRequestHeaders.Authorization;
        Assert.Equal("token_invalid", await (await events.PostAsJsonAsync("/api/v1/events", new { }, Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("role_required", await (await guest.PostAsJsonAsync("/api/v1/devices", new { name = "Mine" }, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("email_not_verified", await (await guest.PostAsJsonAsync("/api/v1/orders/claim", new { }, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("not_found", await (await forger.PostAsJsonAsync($"/api/v1/events/{Guid.CreateVersion7()}/guests", new { }, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Theory]
    [InlineData("account", "account_required", null)]
    [InlineData("verified_email", "account_required", "email_not_verified")]
    public async Task An_event_may_ask_for_more_than_a_guest(string policy, string toGuests, string? toUnverified)
    {
        var (open, strict) = (await world.PutOnSaleAsync(quantity: 5), await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = new Dictionary<string, object?> { ["buyerPolicy"] = policy } }));
        using var anybody = world.Tickets();
        Assert.Equal(toGuests, await (await anybody.PostAsJsonAsync($"/api/v1/events/{strict.EventId}/guests", new { }, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        // A token that was given out for another event of the organiser is no way around it, in one step or in two.
        using var guest = await world.GuestAsync(open);
        Assert.Equal(toGuests, await (await guest.PostAsJsonAsync("/api/v1/reservations", new { eventId = strict.EventId, items = Items(strict, 1) }, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal(toGuests, await (await World.BuyAsGuestAsync(guest, strict)).RefusedAsync(HttpStatusCode.Forbidden));

        using var unverified = world.Tickets();
        var holder = world.Holder(Roles.Customer) with { EmailVerified = false };
        unverified.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Mint.Mint(holder));
        using var held = await unverified.PostAsJsonAsync("/api/v1/reservations", new { eventId = strict.EventId, items = Items(strict, 1) }, Cancellation);
        if (toUnverified is null) await held.ReadAsync(HttpStatusCode.Created);
        else Assert.Equal(toUnverified, await held.RefusedAsync(HttpStatusCode.Forbidden));
        await (await world.HoldAsync(strict)).ReadAsync(HttpStatusCode.Created);
        // Staff sell at the counter, whatever the event asks of those who buy by themselves.
        using var staff = Client(world.Holder(Roles.VenueStaff) with { EmailVerified = false });
        await (await staff.PostAsync("/api/v1/purchases", new { eventId = strict.EventId, items = Items(strict, 1), payment = new { method = "cash" } }, NewKey())).ReadAsync(HttpStatusCode.Created);
        await world.AssertBooksAreRightAsync(strict.EventId);
    }

    [Fact]
    public async Task A_verified_sign_in_claims_what_its_address_bought_and_nobody_else_does()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { StartsIn = TimeSpan.FromDays(3), MaxPerCustomer = 4 });
        var email = $"ann.{Guid.CreateVersion7():n}@people.example";
        using var guest = await world.GuestAsync(sale);
        var order = await (await World.BuyAsGuestAsync(guest, sale, 3, email.ToUpperInvariant())).ReadAsync(HttpStatusCode.Created);
        var page = await World.PageOfAsync(guest, order);
        var tickets = order.Items("tickets").Select(t => t.Id()).ToArray();
        var friend = Guid.CreateVersion7();
        var given = (await guest.MakeAsync($"/api/v1/tickets/{tickets[0]}/transfers", new { recipientEmail = World.EmailOf(friend) })).Id();
        using var friends = world.Tickets(Roles.Customer, friend);
        await (await friends.PostAsJsonAsync($"/api/v1/transfers/{given}/accept", new { }, Cancellation)).ReadAsync();
        var open = (await guest.MakeAsync($"/api/v1/tickets/{tickets[1]}/transfers", new { recipientEmail = World.EmailOf(Guid.CreateVersion7()) })).Id();

        var person = Guid.CreateVersion7();
        using var unverified = Client(world.Holder(Roles.Customer, person, email: email) with { EmailVerified = false });
        Assert.Equal("email_not_verified", await (await unverified.PostAsJsonAsync("/api/v1/orders/claim", new { }, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        using var elsewhere = Client(world.Holder(Roles.Customer, tenant: world.OtherTenant, email: email));
        Assert.Empty((await (await elsewhere.PostAsJsonAsync("/api/v1/orders/claim", new { }, Cancellation)).ReadAsync()).Items("orders"));
        using var another = world.Tickets(Roles.Customer);
        Assert.Empty((await (await another.PostAsJsonAsync("/api/v1/orders/claim", new { }, Cancellation)).ReadAsync()).Items("orders"));

        // Two sign-ins at once: the order is claimed once.
        using var ann = Client(world.Holder(Roles.Customer, person, email: email));
        var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => (await (await ann.PostAsJsonAsync("/api/v1/orders/claim", new { }, Cancellation)).ReadAsync()).Items("orders")));
        var claimed = Assert.Single(claims.SelectMany(c => c));
        Assert.Equal((order.Id("orderId"), 2), (claimed.Id(), claimed.Number("tickets")));

        Assert.Equal(tickets[1..].Order(), (await ann.GetJsonAsync("/api/v1/tickets")).Items().Select(t => t.Id()).Order());
        Assert.Equal(order.Id("orderId"), (await ann.GetJsonAsync("/api/v1/orders")).Items().Single().Id());
        Assert.Empty((await guest.GetJsonAsync("/api/v1/tickets")).Items());
        await (await ann.PostAsJsonAsync($"/api/v1/transfers/{open}/cancel", new { }, Cancellation)).ReadAsync();
        using var anybody = world.Tickets();
        Assert.Equal(2, (await anybody.GetJsonAsync(page)).Items("tickets").Count);
        // What was claimed counts for the customer's limit: 2 of 4 are theirs.
        Assert.Equal("limit_per_customer", await (await ann.PostAsJsonAsync("/api/v1/reservations", new { eventId = sale.EventId, items = Items(sale, 3) }, Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await (await ann.PostAsJsonAsync("/api/v1/reservations", new { eventId = sale.EventId, items = Items(sale, 2) }, Cancellation)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.audit_log where action = 'order.claim' and actor_id = @person", new { person }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Guests_and_customers_at_once_never_buy_a_place_twice_and_a_key_buys_once()
    {
        const int Places = 30, Buyers = 60;
        var sale = await world.PutOnSaleAsync(quantity: Places, new SaleOptions { MaxPerCustomer = 2 });
        var bought = await Task.WhenAll(Enumerable.Range(0, Buyers).Select(async n =>
        {
            using var client = n % 2 == 0 ? await world.GuestAsync(sale) : world.Tickets(Roles.Customer, Guid.CreateVersion7());
            var key = Guid.CreateVersion7().ToString();
            // The same request twice at once: one order.
            var twice = await Task.WhenAll(World.BuyAsGuestAsync(client, sale, key: key), World.BuyAsGuestAsync(client, sale, key: key));
            var orders = new HashSet<Guid>();
            foreach (var answer in twice.Where(answer => answer.StatusCode == HttpStatusCode.Created)) orders.Add((await answer.ReadAsync(HttpStatusCode.Created)).Id("orderId"));
            Assert.All(twice, answer => Assert.True(answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict, $"{answer.StatusCode}"));
            return orders;
        }));
        Assert.All(bought, orders => Assert.True(orders.Count <= 1));
        Assert.Equal(Places, bought.Sum(orders => orders.Count));
        Assert.Equal(Places, await world.Ask<int>("select count(*)::int from tickets.tickets where event_id = @EventId", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_guests_limits_are_a_customers()
    {
        var sale = await world.PutOnSaleAsync(quantity: 100, new SaleOptions { MaxPerCustomer = 3 });
        using var guest = await world.GuestAsync(sale);
        await (await World.BuyAsGuestAsync(guest, sale, 2)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("limit_per_customer", await (await World.BuyAsGuestAsync(guest, sale, 2)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var free = await world.PutOnSaleAsync(quantity: 100);
        for (var n = 0; n < 2; n++) await guest.MakeAsync("/api/v1/reservations", new { eventId = free.EventId, items = Items(free, 10) });
        Assert.Equal("limit_unpaid", await (await guest.PostAsJsonAsync("/api/v1/reservations", new { eventId = free.EventId, items = Items(free, 1) }, Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    private HttpClient Client(TokenHolder holder)
    {
        var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Mint.Mint(holder));
        return client;
    }

    private static (string, string) NewKey() => ("Idempotency-Key", Guid.CreateVersion7().ToString());

    private static object[] Items(Sale sale, int quantity) => [new { ticketTypeId = sale.TicketTypeId, quantity }];
}
