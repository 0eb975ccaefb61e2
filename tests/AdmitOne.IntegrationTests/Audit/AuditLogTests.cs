using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Audit;

/// <summary>What managers do is noted with its values before and after, and so is what others try and may not.</summary>
public sealed class AuditLogTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_write_of_a_manager_says_who_what_before_and_after_and_from_where()
    {
        var person = Guid.CreateVersion7();
        using var events = world.Events(Roles.VenueManager, person);
        using var tickets = world.Tickets(Roles.VenueManager, person);
        var starts = TimeProvider.System.GetUtcNow().AddDays(10);
        using var made = await events.PostAsJsonAsync("/api/v1/events",
            new { name = "Audited", venueId = await world.VenueAsync(), startsAt = starts, endsAt = starts.AddHours(2), timeZone = "Europe/Amsterdam" }, Cancellation);
        var eventId = (await made.ReadAsync(HttpStatusCode.Created)).Id();
        var section = (await events.MakeAsync($"/api/v1/events/{eventId}/sections", new { name = "Floor", capacity = 50 })).Id();
        await PatchAsync(events, $"/api/v1/sections/{section}", new { capacity = 40 });
        var type = (await tickets.MakeAsync($"/api/v1/events/{eventId}/ticket-types", new { name = "Standing", price = new { amount = 100, currency = "EUR" }, quantity = 10 })).Id();
        await PatchAsync(tickets, $"/api/v1/ticket-types/{type}", new { quantity = 20 });
        await world.MoveAsync(eventId, "published");
        using var gone = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/ticket-types/{type}") { Headers = { { "If-Match", "*" } } };
        Assert.Equal(HttpStatusCode.NoContent, (await tickets.SendAsync(gone, Cancellation)).StatusCode);

        var create = (await EntriesAsync(eventId)).Single(e => e.Text("action") == "event.create");
        Assert.Equal(JsonValueKind.Null, create.GetProperty("before").ValueKind);
        Assert.Equal("Audited", create.GetProperty("after").Text("name"));
        var actor = create.GetProperty("actor");
        Assert.Equal(("user", person, "venue_manager", "127.0.0.1"), (actor.Text("kind"), actor.Id(), actor.Text("name"), actor.Text("clientAddress")));
        Assert.Equal(made.Headers.GetValues("X-Request-Id").Single(), actor.Text("requestId"));
        Assert.Equal("admitone-events", create.Text("service"));

        var move = (await EntriesAsync(eventId)).Single(e => e.Text("action") == "event.move");
        Assert.Equal(("draft", "published"), (move.GetProperty("before").Text("status"), move.GetProperty("after").Text("status")));
        Assert.Equal(["section.create", "section.change"], (await EntriesAsync(section)).Select(e => e.Text("action")).Reverse());
        var change = (await EntriesAsync(section))[0];
        Assert.Equal((50, 40), (change.GetProperty("before").Number("capacity"), change.GetProperty("after").Number("capacity")));
        Assert.Equal(["ticket_type.create", "ticket_type.change", "ticket_type.remove"], (await EntriesAsync(type)).Select(e => e.Text("action")).Reverse());
        Assert.All(await EntriesAsync(type), e => Assert.Equal("admitone-tickets", e.Text("service")));
    }

    [Fact]
    public async Task What_was_refused_or_rolled_back_leaves_no_entry()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var before = (await EntriesAsync(sale.EventId)).Count;
        using var manager = world.Events(Roles.VenueManager);
        using var refused = await manager.PostAsJsonAsync($"/api/v1/events/{sale.EventId}/transitions", new { to = "draft" }, Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal(before, (await EntriesAsync(sale.EventId)).Count);
    }

    [Fact]
    public async Task A_refused_attempt_at_what_managers_may_is_noted_and_a_buyers_own_refusals_are_not()
    {
        var person = Guid.CreateVersion7();
        using var customer = world.Events(Roles.Customer, person);
        using var buyer = world.Tickets(Roles.Customer, person);
        var eventId = Guid.CreateVersion7();
        await (await customer.PostAsJsonAsync($"/api/v1/events/{eventId}/transitions", new { to = "cancelled" }, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden);
        await (await customer.GetAsync("/api/v1/audit", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden);
        await (await buyer.GetAsync($"/api/v1/reservations/{Guid.CreateVersion7()}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound);

        var noted = (await EntriesAsync(eventId)).Single();
        Assert.Equal(("route.refused", "route", "customer"), (noted.Text("action"), noted.Text("resourceType"), noted.GetProperty("actor").Text("name")));
        Assert.Equal(("POST", "/api/v1/events/{id}/transitions"), (noted.GetProperty("after").Text("method"), noted.GetProperty("after").Text("route").TrimEnd('/')));
        Assert.Equal(["/api/v1/audit"], (await EntriesAsync(person)).Select(e => e.GetProperty("after").Text("route")));
    }

    [Fact]
    public async Task Twenty_refused_attempts_of_a_minute_are_enough()
    {
        var person = Guid.CreateVersion7();
        using var customer = world.Events(Roles.Customer, person);
        for (var attempt = 0; attempt < 25; attempt++) using (await customer.GetAsync("/api/v1/audit", Cancellation)) { }
        Assert.InRange(await world.Ask<int>("select count(*) from platform.audit_log where resource_id = @person", new { person }), 20, 24);   // a new minute may have begun
    }

    [Fact]
    public async Task Pages_go_from_the_newest_back_and_another_organiser_sees_nothing()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var all = await EntriesAsync(sale.EventId);
        Assert.True(all.Count >= 3);
        using var admin = world.Events(Roles.Admin);
        var (paged, cursor) = (new List<Guid>(), "");
        do
        {
            var page = await admin.GetJsonAsync($"/api/v1/audit?resource={sale.EventId}&limit=1{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}");
            paged.AddRange(page.Items().Select(e => e.Id()));
            cursor = page.GetProperty("nextCursor").GetString() ?? "";
        }
        while (cursor.Length > 0);
        Assert.Equal(all.Select(e => e.Id()), paged);

        using var other = world.Events(Roles.Admin, tenant: world.OtherTenant);
        Assert.Empty((await other.GetJsonAsync($"/api/v1/audit?resource={sale.EventId}")).Items());
        using var manager = world.Events(Roles.VenueManager);
        Assert.Equal("role_required", await (await manager.GetAsync("/api/v1/audit", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
    }

    private async Task<IReadOnlyList<JsonElement>> EntriesAsync(Guid resource)
    {
        using var admin = world.Events(Roles.Admin);
        return (await admin.GetJsonAsync($"/api/v1/audit?resource={resource}&limit=100")).Items();
    }

    private static async Task PatchAsync(HttpClient client, string path, object change)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(change), Headers = { { "If-Match", "*" } } };
        await (await client.SendAsync(request, Cancellation)).ReadAsync();
    }
}
