using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>One event on sale with one section and one ticket type.</summary>
/// <param name="Tenant">Whose it is.</param>
public sealed record Sale(Guid Tenant, Guid EventId, Guid SectionId, Guid TicketTypeId);

/// <summary>What <see cref="World.PutOnSaleAsync"/> need not be told.</summary>
public sealed record SaleOptions
{
    /// <summary>In minor units of EUR; 0 is free.</summary>
    public long PriceMinor { get; init; } = 2500;

    /// <summary>Of the section; as much as the quantity if null.</summary>
    public int? Capacity { get; init; }

    public int MaxPerOrder { get; init; } = 10;

    public int? MaxPerCustomer { get; init; }

    /// <summary>Check-in opens four hours before, so that tickets of the default can be scanned at once.</summary>
    public TimeSpan StartsIn { get; init; } = TimeSpan.FromHours(2);

    /// <summary>More properties of the event's body, which win over the default ones.</summary>
    public IReadOnlyDictionary<string, object?> Event { get; init; } = new Dictionary<string, object?>();

    /// <summary>More properties of the ticket type's body.</summary>
    public IReadOnlyDictionary<string, object?> TicketType { get; init; } = new Dictionary<string, object?>();

    /// <summary>How far the event goes.</summary>
    public string Status { get; init; } = "on_sale";

    /// <summary>Whose event it is; the world's first organiser's if null.</summary>
    public Guid? Tenant { get; init; }
}

/// <summary>The verbs of the domain: each is one or more calls over HTTP.</summary>
public partial class World
{
    private readonly Dictionary<Guid, Task<Guid>> _venues = [];

    /// <summary>The organiser's venue, which holds a million people and is made at first use.</summary>
    public Task<Guid> VenueAsync(Guid? tenant = null)
    {
        lock (_venues)
        {
            var owner = tenant ?? Tenant;
            return _venues.TryGetValue(owner, out var venue) ? venue : _venues[owner] = MakeVenueAsync(owner);
        }
    }

    /// <summary>Makes an event with a section and a ticket type, and moves it to <c>on_sale</c>.</summary>
    public async Task<Sale> PutOnSaleAsync(int quantity, SaleOptions? options = null)
    {
        options ??= new SaleOptions();
        var tenant = options.Tenant ?? Tenant;
        using var events = Events(Roles.VenueManager, tenant: tenant);
        using var tickets = Tickets(Roles.VenueManager, tenant: tenant);

        var eventId = (await events.MakeAsync("/api/v1/events", await EventBodyAsync(tenant, options))).Id();
        var sectionId = (await events.MakeAsync($"/api/v1/events/{eventId}/sections", new { name = "Floor", capacity = options.Capacity ?? Math.Max(1, quantity) })).Id();
        var typeId = (await tickets.MakeAsync($"/api/v1/events/{eventId}/ticket-types", Merge(new()
        {
            ["name"] = "General admission",
            ["price"] = new { amount = options.PriceMinor, currency = "EUR" },
            ["quantity"] = quantity,
            ["sectionId"] = sectionId,
            ["maxPerOrder"] = options.MaxPerOrder,
            ["maxPerCustomer"] = options.MaxPerCustomer,
        }, options.TicketType))).Id();

        string[] states = options.Status switch { "draft" => [], "published" => ["published"], "on_sale" => ["published", "on_sale"], _ => ["published", "on_sale", options.Status] };
        foreach (var state in states) await MoveAsync(eventId, state, tenant);
        return new Sale(tenant, eventId, sectionId, typeId);
    }

    /// <summary>Moves an event, which the clock may have done already.</summary>
    public async Task MoveAsync(Guid eventId, string state, Guid? tenant = null)
    {
        using var events = Events(Roles.VenueManager, tenant: tenant);
        using var answer = await events.PostAsJsonAsync($"/api/v1/events/{eventId}/transitions", new { to = state }, Cancellation);
        if (answer.StatusCode == HttpStatusCode.OK) return;
        var found = (await events.GetJsonAsync($"/api/v1/events/{eventId}")).Text("status");
        Assert.True(found == state || (state, found) == ("published", "on_sale"), $"The event is {found} and not {state}: {await answer.Content.ReadAsStringAsync(Cancellation)}");
    }

    /// <summary>Holds tickets for a buyer, a new one unless named.</summary>
    public async Task<HttpResponseMessage> HoldAsync(Sale sale, int quantity = 1, Guid? buyer = null, Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var client = Client(replica ?? TicketsUrl, Roles.Customer, buyer, sale.Tenant);
        return await client.PostAsJsonAsync("/api/v1/reservations", new { eventId = sale.EventId, items = Items(sale, quantity) }, Cancellation);
    }

    /// <summary>Buys in one step, without a hold before it.</summary>
    public Task<HttpResponseMessage> BuyAsync(Sale sale, int quantity = 1, Guid? buyer = null, string token = "tok_ok", string? key = null, Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        return PurchaseAsync(sale.Tenant, new { eventId = sale.EventId, items = Items(sale, quantity), payment = Pay(token) }, buyer, key, replica);
    }

    /// <summary>Buys what the buyer holds.</summary>
    public Task<HttpResponseMessage> BuyHeldAsync(Guid reservationId, Guid buyer, string token = "tok_ok", string? key = null, Uri? replica = null, Guid? tenant = null) =>
        PurchaseAsync(tenant ?? Tenant, new { reservationId, payment = Pay(token) }, buyer, key, replica);

    /// <summary>The text of a ticket's QR code, as its owner sees it now.</summary>
    public async Task<string> CodeAsync(Guid ticketId, Guid owner, Guid? tenant = null)
    {
        using var client = Tickets(Roles.Customer, owner, tenant);
        return (await client.GetJsonAsync($"/api/v1/tickets/{ticketId}/qr")).Text("code");
    }

    /// <summary>Buys for a new buyer, and gives each ticket's code.</summary>
    public async Task<IReadOnlyList<(Guid TicketId, string Code)>> BuyCodesAsync(Sale sale, int quantity = 1, string token = "tok_ok")
    {
        ArgumentNullException.ThrowIfNull(sale);
        var buyer = Guid.CreateVersion7();
        var order = await (await BuyAsync(sale, quantity, buyer, token)).ReadAsync(HttpStatusCode.Created);
        var codes = new List<(Guid, string)>();
        foreach (var ticket in order.GetProperty("tickets").EnumerateArray()) codes.Add((ticket.Id(), await CodeAsync(ticket.Id(), buyer, sale.Tenant)));
        return codes;
    }

    public async Task<HttpResponseMessage> ScanAsync(Guid eventId, string code, string gate = "A", string direction = "in", Guid? tenant = null, Uri? replica = null)
    {
        using var client = Client(replica ?? TicketsUrl, Roles.VenueStaff, tenant: tenant);
        return await client.PostAsJsonAsync("/api/v1/scans", new { code, eventId, gate, direction }, Cancellation);
    }

    /// <summary>What the recount of every ticket type from its rows says.</summary>
    public async Task<JsonElement> VerifyAsync(Guid? eventId = null, Guid? tenant = null)
    {
        using var client = Tickets(Roles.Admin, tenant: tenant);
        var path = "/api/v1/admin/inventory/verify" + (eventId is { } id ? $"?eventId={id}" : "");
        // On a machine that does much else the recount may pass its time limit: then it is asked for again, as its answer says.
        HttpResponseMessage? answer = null;
        await UntilAsync("the recount is answered", async () =>
        {
            answer?.Dispose();
            answer = await client.GetAsync(path, Cancellation);
            return answer.StatusCode != HttpStatusCode.ServiceUnavailable;
        });
        using (answer) return await answer!.ReadAsync(HttpStatusCode.OK);
    }

    /// <summary>Fails unless the books are right.</summary>
    public async Task AssertBooksAreRightAsync(Guid? eventId = null, Guid? tenant = null)
    {
        var found = await VerifyAsync(eventId, tenant);
        string[] faults = ["oversold", "leaked", "admittedTwice", "ordersWithoutTickets", "moneyMismatch"];
        Assert.True(faults.All(fault => found.Number(fault) == 0) && found.GetProperty("problems").GetArrayLength() == 0, found.ToString());
    }

    /// <summary>How long a test waits for what happens by itself: a machine may do much else meanwhile.</summary>
    private static TimeSpan LongestWait => TimeSpan.FromMinutes(2);

    /// <summary>Looks again until it is so, for what happens by itself.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan? longest = null)
    {
        ArgumentNullException.ThrowIfNull(isSo);
        var since = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < (longest ?? LongestWait), "It did not happen in time.");
            await Task.Delay(50, Cancellation);
        }
    }

    private async Task<HttpResponseMessage> PurchaseAsync(Guid tenant, object body, Guid? buyer, string? key, Uri? replica)
    {
        using var client = Client(replica ?? TicketsUrl, Roles.Customer, buyer, tenant);
        client.DefaultRequestHeaders.Add("Idempotency-Key", key ?? Guid.CreateVersion7().ToString());
        return await client.PostAsJsonAsync("/api/v1/purchases", body, Cancellation);
    }

    private async Task<Guid> MakeVenueAsync(Guid tenant)
    {
        using var venues = Venues(Roles.VenueManager, tenant: tenant);
        return (await venues.MakeAsync("/api/v1/venues", new { name = "The Hall", address = "1 Quay Street, Rotterdam", timeZone = "Europe/Amsterdam", maxCapacity = 1_000_000 })).Id();
    }

    private async Task<Dictionary<string, object?>> EventBodyAsync(Guid tenant, SaleOptions options)
    {
        var startsAt = TimeProvider.System.GetUtcNow() + options.StartsIn;
        return Merge(new()
        {
            ["name"] = "An Evening by the River",
            ["venueId"] = await VenueAsync(tenant),
            ["startsAt"] = Rfc3339(startsAt),
            ["endsAt"] = Rfc3339(startsAt.AddHours(3)),
            ["timeZone"] = "Europe/Amsterdam",
            ["categorySlug"] = "music",
        }, options.Event);
    }

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static object[] Items(Sale sale, int quantity) => [new { ticketTypeId = sale.TicketTypeId, quantity }];

    private static object Pay(string token) => token switch
    {
        "free" => new { method = "free" },
        _ => new { method = "test", token },
    };

    // A property that is null is left out: the contract's optional ones are absent, not null.
    private static Dictionary<string, object?> Merge(Dictionary<string, object?> body, IReadOnlyDictionary<string, object?> more)
    {
        foreach (var (name, value) in more) body[name] = value;
        return body.Where(property => property.Value is not null).ToDictionary();
    }
}
