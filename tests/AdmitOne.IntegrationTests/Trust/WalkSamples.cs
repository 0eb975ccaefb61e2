using System.Net.Http.Headers;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>A call of a route that succeeds.</summary>
/// <param name="Role">Whose token; null for nobody's.</param>
/// <param name="Stranger">What the same call is told with the token of another organiser; null where it has nothing to reach.</param>
internal sealed record Sample(string Route, string Path, string? Role = null, object? Body = null, Guid? User = null, string? Stranger = null, string? IfMatch = null, string? SignedBy = null, Guid? Tenant = null)
{
    public HttpRequestMessage Request(string? token)
    {
        var request = new HttpRequestMessage(new HttpMethod(Route.Split(' ')[1]), Path);
        if (Body is not null) request.Content = JsonContent.Create(Body);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (IfMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", IfMatch);
        if (request.Method == HttpMethod.Post) request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return request;
    }
}

/// <summary>A valid call for each route, on things that were made for it: without these, a walk would prove only that bad input is refused.</summary>
internal sealed class WalkSamples(World world)
{
    private static readonly Guid s_platform = Guid.Parse("00000000-0000-7000-8000-000000000001");
    private const string NotFound = "404 not_found";

    public async Task<IReadOnlyList<Sample>> AllAsync() => [.. await OfEventsAsync(), .. await OfTicketsAsync(), .. await OfTransfersAsync(), .. await OfNeighboursAsync(), .. OfThePlatform()];

    private static IEnumerable<Sample> OfThePlatform()
    {
        foreach (var service in new[] { "Events", "Tickets" })
        {
            foreach (var path in new[] { "/health", "/health/live", "/health/ready", "/health/startup", "/metrics" }) yield return new Sample($"{service} GET {path}", path);
            yield return new Sample($"{service} GET /health/detailed", "/health/detailed", Roles.Ops);
            yield return new Sample($"{service} GET /health/circuit-breakers", "/health/circuit-breakers", Roles.Ops);
            yield return new Sample($"{service} POST /health/circuit-breakers/reset", "/health/circuit-breakers/reset", Roles.Ops);
            yield return new Sample($"{service} GET /openapi/{{documentName}}.json", "/openapi/v1.json");
        }
    }

    private async Task<IReadOnlyList<Sample>> OfEventsAsync()
    {
        var sale = await world.PutOnSaleAsync(10);
        var draft = await world.PutOnSaleAsync(10, new SaleOptions { Status = "draft" });
        var starts = TimeProvider.System.GetUtcNow().AddDays(20);
        var body = new { name = "A Night of Samples", venueId = await world.VenueAsync(), startsAt = starts, endsAt = starts.AddHours(2), timeZone = "Europe/Amsterdam" };
        const string m = Roles.VenueManager;
        string e = $"/api/v1/events/{sale.EventId}", d = $"/api/v1/events/{draft.EventId}";
        using var manager = world.Events(m);
        var spare = (await manager.MakeAsync(d + "/sections", new { name = "Spare", capacity = 5 })).Id();
        var gone = (await world.PutOnSaleAsync(10, new SaleOptions { Status = "draft" })).EventId;
        var cancelled = (await world.PutOnSaleAsync(10)).EventId;
        await world.MoveAsync(cancelled, "cancelled");
        var category = "/api/v1/categories/" + (await manager.MakeAsync("/api/v1/categories", new { name = $"Samples {Guid.CreateVersion7():n}" })).Text("slug");
        var occurrence = await OccurrenceAsync(manager, draft.EventId);
        var entry = "/api/v1/schedule/" + (await manager.MakeAsync(d + "/schedule", occurrence)).Id();
        return
        [
            new("Events GET /api/v1/categories", "/api/v1/categories"),
            new("Events GET /api/v1/events", "/api/v1/events"),
            new("Events POST /api/v1/events", "/api/v1/events", m, body),
            new("Events GET /api/v1/events/{idOrSlug}", d, m, Stranger: NotFound),
            new("Events GET /api/v1/events/{eventId}/sections", d + "/sections", m, Stranger: NotFound),
            new("Events POST /api/v1/events/{eventId}/sections", e + "/sections", m, new { name = "Balcony", capacity = 5 }, Stranger: NotFound),
            new("Events PATCH /api/v1/sections/{id}", $"/api/v1/sections/{sale.SectionId}", m, new { capacity = 50 }, Stranger: NotFound, IfMatch: "*"),
            new("Events DELETE /api/v1/sections/{id}", $"/api/v1/sections/{spare}", m, Stranger: NotFound, IfMatch: "*"),
            new("Events GET /api/v1/events/{id}/transitions", e + "/transitions", m, Stranger: NotFound),
            new("Events POST /api/v1/events/{id}/transitions", e + "/transitions", m, new { to = "sales_paused" }, Stranger: NotFound),
            new("Events GET /api/v1/venues/{venueId}/events", $"/api/v1/venues/{await world.VenueAsync()}/events"),
            new("Events POST /api/v1/categories", "/api/v1/categories", m, new { name = $"More samples {Guid.CreateVersion7():n}" }),
            new("Events PATCH /api/v1/categories/{slug}", category, m, new { name = "Renamed" }, Stranger: NotFound, IfMatch: "*"),
            new("Events DELETE /api/v1/categories/{slug}", category, m, Stranger: NotFound, IfMatch: "*"),
            new("Events PATCH /api/v1/events/{idOrSlug}", d, m, new { description = "Two sets and a break." }, Stranger: NotFound, IfMatch: "*"),
            new("Events DELETE /api/v1/events/{idOrSlug}", $"/api/v1/events/{gone}", m, Stranger: NotFound, IfMatch: "*"),
            new("Events POST /api/v1/events/{id}/copy", d + "/copy", m, new { name = "Once more" }, Stranger: NotFound),
            new("Events GET /api/v1/events/{eventId}/schedule", d + "/schedule", m, Stranger: NotFound),
            new("Events POST /api/v1/events/{eventId}/schedule", d + "/schedule", m, occurrence, Stranger: NotFound),
            new("Events PATCH /api/v1/schedule/{id}", entry, m, new { name = "Matinee" }, Stranger: NotFound, IfMatch: "*"),
            new("Events DELETE /api/v1/schedule/{id}", entry, m, Stranger: NotFound, IfMatch: "*"),
            new("Events GET /api/v1/events/{id}/calendar.ics", e + "/calendar.ics"),
            new("Events GET /api/v1/events/{id}/cancellation", $"/api/v1/events/{cancelled}/cancellation", m, Stranger: NotFound),
            new("Events GET /api/v1/changes", "/api/v1/changes?after=0", Roles.Admin),
            new("Events GET /api/v1/audit", "/api/v1/audit", Roles.Admin),
            new("Events GET /internal/events/{id}", $"/internal/events/{sale.EventId}", SignedBy: "order-service"),
        ];
    }

    private async Task<IReadOnlyList<Sample>> OfTicketsAsync()
    {
        var sale = await world.PutOnSaleAsync(20);
        var spare = await world.PutOnSaleAsync(20, new SaleOptions { Status = "draft" });
        var buyer = Guid.CreateVersion7();
        var order = await (await world.BuyAsync(sale, 2, buyer)).ReadAsync(System.Net.HttpStatusCode.Created);
        var ticket = order.Items("tickets")[0].Id();
        var code = await world.CodeAsync(ticket, buyer);
        var held = (await (await world.HoldAsync(sale, 1, buyer)).ReadAsync(System.Net.HttpStatusCode.Created)).Id();
        using var manager = world.Tickets(Roles.VenueManager);
        var device = await manager.MakeAsync("/api/v1/devices", new { name = "Scanner 7" });
        var items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } };
        const string m = Roles.VenueManager, c = Roles.Customer;
        var hook = "/api/v1/webhook-endpoints/" + (await manager.MakeAsync("/api/v1/webhook-endpoints", new { url = "https://hooks.riverside.example/" })).Id();
        var sample = Guid.CreateVersion7();
        await world.Sql("insert into platform.tenants (id, slug, name) values (@sample, @slug, 'Sample')", new { sample, slug = $"t{sample:n}" });
        var tenant = $"/api/v1/admin/tenants/{sample}";
        var gone = Guid.CreateVersion7();
        await world.Sql("insert into platform.tenants (id, slug, name, status) values (@gone, @slug, 'Gone', 'suspended')", new { gone, slug = $"t{gone:n}" });
        var discount = "/api/v1/discounts/" + (await world.DiscountAsync()).Id();
        using var unsettled = await world.BuyAsync(sale, 1, buyer, "tok_timeout");
        var pending = (await unsettled.ReadAsync(System.Net.HttpStatusCode.Accepted)).Id("orderId");
        var toGiveBack = (await (await world.BuyAsync(sale, 1, buyer)).ReadAsync(System.Net.HttpStatusCode.Created)).Id("orderId");
        var toBlock = (await (await world.BuyAsync(sale, 1, buyer)).ReadAsync(System.Net.HttpStatusCode.Created)).Items("tickets")[0].Id();
        var door = await world.PutOnSaleAsync(1);
        var scan = (await (await world.ScanAsync(door.EventId, (await world.BuyCodesAsync(door))[0].Code)).ReadAsync()).Id();
        (Guid OrderId, Guid RefundId) failed = (order.Id("orderId"), Guid.CreateVersion7());
        await world.Sql("""
            insert into tickets.refunds (tenant_id, id, order_id, payment_id, amount_minor, currency, reason, status, needs_person)
            select tenant_id, @RefundId, order_id, id, 0, currency, 'A sample.', 'failed', true from tickets.payments where order_id = @OrderId
            """, new { failed.OrderId, failed.RefundId });
        using var buying = world.Tickets(c, buyer);
        var page = await World.PageOfAsync(buying, order);
        var later = await (await world.BuyAsync(await world.PutOnSaleAsync(5, new SaleOptions { StartsIn = TimeSpan.FromDays(3) }), 1, buyer)).ReadAsync(System.Net.HttpStatusCode.Created);
        var laterPage = await World.PageOfAsync(buying, later);
        string e = $"/api/v1/events/{sale.EventId}", type = $"/api/v1/ticket-types/{sale.TicketTypeId}";
        return
        [
            new("Tickets GET /api/v1/events/{eventId}/availability", e + "/availability"),
            new("Tickets GET /api/v1/events/{eventId}/ticket-types", $"/api/v1/events/{spare.EventId}/ticket-types", m, Stranger: NotFound),
            new("Tickets POST /api/v1/events/{eventId}/ticket-types", e + "/ticket-types", m, new { name = "Late", price = new { amount = 100, currency = "EUR" }, quantity = 0, sectionId = sale.SectionId }, Stranger: NotFound),
            new("Tickets GET /api/v1/ticket-types/{id}", $"/api/v1/ticket-types/{spare.TicketTypeId}", m, Stranger: NotFound),
            new("Tickets PATCH /api/v1/ticket-types/{id}", type, m, new { name = "Standing" }, Stranger: NotFound, IfMatch: "*"),
            new("Tickets DELETE /api/v1/ticket-types/{id}", $"/api/v1/ticket-types/{spare.TicketTypeId}", m, Stranger: NotFound, IfMatch: "*"),
            new("Tickets POST /api/v1/reservations", "/api/v1/reservations", c, new { eventId = sale.EventId, items }, Stranger: NotFound),
            new("Tickets GET /api/v1/reservations", "/api/v1/reservations", c, User: buyer),
            new("Tickets GET /api/v1/reservations/{id}", $"/api/v1/reservations/{held}", c, User: buyer, Stranger: NotFound),
            new("Tickets PATCH /api/v1/reservations/{id}", $"/api/v1/reservations/{held}", c, new { items }, User: buyer, Stranger: NotFound),
            new("Tickets DELETE /api/v1/reservations/{id}", $"/api/v1/reservations/{held}", c, User: buyer, Stranger: NotFound),
            new("Tickets POST /api/v1/purchases", "/api/v1/purchases", c, new { eventId = sale.EventId, items, payment = new { method = "test", token = "tok_ok" } }, Stranger: NotFound),
            new("Tickets GET /api/v1/orders", "/api/v1/orders", c, User: buyer),
            new("Tickets GET /api/v1/orders/{id}", $"/api/v1/orders/{order.Id("orderId")}", m, Stranger: NotFound),
            new("Tickets POST /api/v1/orders/{id}/cancel", $"/api/v1/orders/{pending}/cancel", c, User: buyer, Stranger: NotFound),
            new("Tickets POST /api/v1/orders/claim", "/api/v1/orders/claim", c, User: buyer),
            new("Tickets POST /api/v1/events/{eventId}/guests", e + "/guests"),
            new("Tickets GET /api/v1/order-pages/{number}/{key}", page),
            new("Tickets GET /api/v1/order-pages/{number}/{key}/receipt", page + "/receipt"),
            new("Tickets GET /api/v1/order-pages/{number}/{key}/tickets/{ticketId}/qr", $"{page}/tickets/{ticket}/qr"),
            new("Tickets PATCH /api/v1/order-pages/{number}/{key}/tickets/{ticketId}", $"{page}/tickets/{ticket}", Body: new { attendeeName = "Robin" }),
            new("Tickets POST /api/v1/order-pages/{number}/{key}/refunds", laterPage + "/refunds?preview=true", Body: new { reason = "It rained." }),
            new("Tickets GET /api/v1/tickets", "/api/v1/tickets", c, User: buyer),
            new("Tickets PATCH /api/v1/tickets/{id}", $"/api/v1/tickets/{ticket}", c, new { attendeeName = "Robin" }, User: buyer, Stranger: NotFound),
            new("Tickets GET /api/v1/tickets/{id}", $"/api/v1/tickets/{ticket}", m, Stranger: NotFound),
            new("Tickets GET /api/v1/tickets/{id}/qr", $"/api/v1/tickets/{ticket}/qr", c, User: buyer, Stranger: NotFound),
            new("Tickets POST /api/v1/scans", "/api/v1/scans", Roles.VenueStaff, new { code, eventId = sale.EventId, direction = "in" }),
            new("Tickets POST /api/v1/scans/{id}/undo", $"/api/v1/scans/{scan}/undo", Roles.VenueStaff, new { reason = "By mistake." }, Stranger: NotFound),
            new("Tickets POST /api/v1/scans/batch", "/api/v1/scans/batch", Roles.VenueStaff,
                new { eventId = sale.EventId, scans = new[] { new { id = "one", code, scannedAt = TimeProvider.System.GetUtcNow() } } }, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/door", e + "/door", Roles.VenueStaff, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/door-pack", e + "/door-pack", Roles.VenueStaff, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/scan-conflicts", e + "/scan-conflicts", Roles.VenueStaff, Stranger: NotFound),
            new("Tickets GET /.well-known/ticket-keys.json", "/.well-known/ticket-keys.json"),
            new("Tickets POST /api/v1/devices", "/api/v1/devices", m, new { name = "Scanner 8", eventId = sale.EventId }, Stranger: NotFound),
            new("Tickets POST /api/v1/devices/activate", "/api/v1/devices/activate", Body: new { code = device.Text("activationCode") }),
            new("Tickets GET /api/v1/devices", "/api/v1/devices", m),
            new("Tickets GET /api/v1/devices/{id}", $"/api/v1/devices/{device.Id()}", m, Stranger: NotFound),
            new("Tickets POST /api/v1/devices/{id}/activation", $"/api/v1/devices/{device.Id()}/activation", m, Stranger: NotFound),
            new("Tickets DELETE /api/v1/devices/{id}", $"/api/v1/devices/{device.Id()}", m, Stranger: NotFound),
            new("Tickets GET /api/v1/admin/inventory/verify", $"/api/v1/admin/inventory/verify?eventId={sale.EventId}", Roles.Admin, Stranger: NotFound),
            new("Tickets GET /api/v1/discounts", "/api/v1/discounts", m),
            new("Tickets POST /api/v1/discounts", "/api/v1/discounts", m, World.DiscountBody()),
            new("Tickets GET /api/v1/discounts/{id}", discount, m, Stranger: NotFound),
            new("Tickets PATCH /api/v1/discounts/{id}", discount, m, new { maxUses = 7 }, Stranger: NotFound, IfMatch: "*"),
            new("Tickets DELETE /api/v1/discounts/{id}", discount, m, Stranger: NotFound, IfMatch: "*"),
            new("Tickets POST /api/v1/quotes", "/api/v1/quotes", Body: new { eventId = sale.EventId, items }),
            new("Tickets GET /api/v1/orders/{id}/receipt", $"/api/v1/orders/{order.Id("orderId")}/receipt", c, User: buyer, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/payment-methods", $"/api/v1/events/{sale.EventId}/payment-methods"),
            new("Tickets POST /api/v1/orders/{id}/refunds/{refundId}/retry", $"/api/v1/orders/{failed.OrderId}/refunds/{failed.RefundId}/retry", m, new { }, Stranger: NotFound),
            new("Tickets POST /api/v1/orders/{id}/refunds", $"/api/v1/orders/{toGiveBack}/refunds", m, new { reason = "It rained." }, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/orders.csv", e + "/orders.csv", m, Stranger: NotFound),
            new("Tickets POST /api/v1/events/{eventId}/complimentary-orders", e + "/complimentary-orders", m, new { items, reason = "For the press." }, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/attendees", e + "/attendees", m, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/attendees.csv", e + "/attendees.csv", m, Stranger: NotFound),
            new("Tickets GET /api/v1/events/{eventId}/sales", e + "/sales", m, Stranger: NotFound),
            new("Tickets POST /api/v1/tickets/{id}/block", $"/api/v1/tickets/{toBlock}/block", m, new { reason = "It was lost." }, Stranger: NotFound),
            new("Tickets POST /api/v1/tickets/{id}/unblock", $"/api/v1/tickets/{toBlock}/unblock", m, new { reason = "It was found." }, Stranger: NotFound),
            new("Tickets GET /api/v1/mint-jobs", "/api/v1/mint-jobs", m),
            new("Tickets POST /api/v1/admin/tenants/{id}/limits", tenant + "/limits", Roles.Admin, new { limitMultiplier = 2 }, Tenant: s_platform, Stranger: "403 role_required"),
            new("Tickets DELETE /api/v1/admin/tenants/{id}", $"/api/v1/admin/tenants/{gone}", Roles.Admin, Tenant: s_platform, Stranger: "403 role_required"),
            new("Tickets GET /api/v1/webhook-endpoints", "/api/v1/webhook-endpoints", m),
            new("Tickets POST /api/v1/webhook-endpoints", "/api/v1/webhook-endpoints", m, new { url = "https://hooks.riverside.example/in" }),
            new("Tickets GET /api/v1/webhook-endpoints/{id}/deliveries", hook + "/deliveries", m, Stranger: NotFound),
            new("Tickets POST /api/v1/webhook-endpoints/{id}/rotate-secret", hook + "/rotate-secret", m, Stranger: NotFound),
            new("Tickets PATCH /api/v1/webhook-endpoints/{id}", hook, m, new { enabled = false }, Stranger: NotFound, IfMatch: "*"),
            new("Tickets DELETE /api/v1/webhook-endpoints/{id}", hook, m, Stranger: NotFound, IfMatch: "*"),
            new("Tickets GET /api/v1/admin/tenants", "/api/v1/admin/tenants", Roles.Admin, Tenant: s_platform, Stranger: "403 role_required"),
            new("Tickets POST /api/v1/admin/tenants", "/api/v1/admin/tenants", Roles.Admin, new { slug = $"s{Guid.CreateVersion7():n}", name = "Sample" }, Tenant: s_platform, Stranger: "403 role_required"),
            new("Tickets POST /api/v1/admin/tenants/{id}/suspend", tenant + "/suspend", Roles.Admin, Tenant: s_platform, Stranger: "403 role_required"),
            new("Tickets POST /api/v1/admin/tenants/{id}/resume", tenant + "/resume", Roles.Admin, Tenant: s_platform, Stranger: "403 role_required"),
            new("Tickets POST /api/v1/admin/tokens/revoke", "/api/v1/admin/tokens/revoke", Roles.Admin, new { jti = "of-nobody" }),
        ];
    }

    private async Task<IReadOnlyList<Sample>> OfTransfersAsync()
    {
        var sale = await world.PutOnSaleAsync(20);
        var (owner, friend) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var tickets = (await (await world.BuyAsync(sale, 4, owner)).ReadAsync(System.Net.HttpStatusCode.Created)).Items("tickets").Select(t => t.Id()).ToArray();
        var offers = new List<Guid>();
        foreach (var ticket in tickets[1..]) offers.Add(await world.OfferedAsync(ticket, owner, friend));
        const string c = Roles.Customer;
        return
        [
            new("Tickets POST /api/v1/tickets/{id}/transfers", $"/api/v1/tickets/{tickets[0]}/transfers", c, new { recipientEmail = World.EmailOf(friend), message = "See you there." }, User: owner, Stranger: NotFound),
            new("Tickets GET /api/v1/tickets/{id}/transfers", $"/api/v1/tickets/{tickets[0]}/transfers", c, User: owner, Stranger: NotFound),
            new("Tickets GET /api/v1/transfers", "/api/v1/transfers", c, User: owner),
            new("Tickets GET /api/v1/transfers/{id}", $"/api/v1/transfers/{offers[0]}", c, User: owner, Stranger: NotFound),
            new("Tickets POST /api/v1/transfers/{id}/accept", $"/api/v1/transfers/{offers[0]}/accept", c, User: friend, Stranger: NotFound),
            new("Tickets POST /api/v1/transfers/{id}/decline", $"/api/v1/transfers/{offers[1]}/decline", c, User: friend, Stranger: NotFound),
            new("Tickets POST /api/v1/transfers/{id}/cancel", $"/api/v1/transfers/{offers[2]}/cancel", c, User: owner, Stranger: NotFound),
        ];
    }

    private async Task<IReadOnlyList<Sample>> OfNeighboursAsync()
    {
        var (sale, cancelled) = (await world.PutOnSaleAsync(20), await world.PutOnSaleAsync(5));
        await world.MoveAsync(cancelled.EventId, "cancelled");
        var buyer = Guid.CreateVersion7();
        var ticket = await world.BuyTicketAsync(sale, buyer);
        var (paid, dropped) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        object Wanted(Guid order) => new { orderId = order, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } } };
        const string by = "order-service", path = "/internal/tickets";
        return
        [
            new("Tickets POST /internal/tickets/availability", path + "/availability", Body: new { eventId = sale.EventId }, SignedBy: by),
            new("Tickets POST /internal/tickets/prices", path + "/prices", Body: new { eventId = sale.EventId }, SignedBy: by),
            new("Tickets POST /internal/tickets/reserve", path + "/reserve", Body: Wanted(paid), SignedBy: by),
            new("Tickets POST /internal/tickets/confirm", path + "/confirm", Body: new { orderId = paid }, SignedBy: by),
            new("Tickets POST /internal/tickets/reserve", path + "/reserve", Body: Wanted(dropped), SignedBy: by),
            new("Tickets POST /internal/tickets/release", path + "/release", Body: new { orderId = dropped }, SignedBy: by),
            new("Tickets GET /internal/tickets/{id}/status", $"{path}/{ticket}/status", SignedBy: by),
            new("Tickets GET /internal/events/{id}/cancellation", $"/internal/events/{cancelled.EventId}/cancellation", SignedBy: "event-service"),
        ];
    }

    private static async Task<object> OccurrenceAsync(HttpClient manager, Guid eventId)
    {
        var of = await manager.GetJsonAsync($"/api/v1/events/{eventId}");
        return new { name = "Evening", startsAt = of.Text("startsAt"), endsAt = of.Text("endsAt") };
    }
}
