using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Harness;

public partial class World
{
    /// <summary>Makes a discount code of a new name, valid now: 10 % off, unless told otherwise.</summary>
    public async Task<JsonElement> DiscountAsync(IReadOnlyDictionary<string, object?>? more = null, Guid? tenant = null)
    {
        using var manager = Tickets(Roles.VenueManager, tenant: tenant);
        return await manager.MakeAsync("/api/v1/discounts", DiscountBody(more));
    }

    public static Dictionary<string, object?> DiscountBody(IReadOnlyDictionary<string, object?>? more = null)
    {
        var percentage = more is null || !more.ContainsKey("kind");
        return Merge(new()
        {
            ["code"] = $"C{Guid.CreateVersion7():N}",
            ["kind"] = "percentage",
            ["percent"] = percentage ? 10 : null,
            ["validFrom"] = "2026-01-01T00:00:00Z",
            ["validUntil"] = "2036-01-01T00:00:00Z",
        }, more ?? new Dictionary<string, object?>());
    }

    /// <summary>Changes the sale's ticket type, whatever its version.</summary>
    public async Task ChangeTypeAsync(Sale sale, object patch)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var manager = Tickets(Roles.VenueManager);
        using var found = await manager.GetAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", Cancellation);
        manager.DefaultRequestHeaders.Add("If-Match", found.Headers.ETag!.ToString());
        await (await manager.PatchAsJsonAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", patch, Cancellation)).ReadAsync();
    }

    public async Task<HttpResponseMessage> QuoteAsync(Sale sale, int quantity = 1, string? code = null, Guid? buyer = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var client = buyer is null ? Tickets() : Tickets(Roles.Customer, buyer, sale.Tenant);
        return await client.PostAsJsonAsync("/api/v1/quotes", new { eventId = sale.EventId, items = Items(sale, quantity), discountCode = code }, Cancellation);
    }

    public async Task<HttpResponseMessage> HoldWithCodeAsync(Sale sale, string code, int quantity = 1, Guid? buyer = null, Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var client = Client(replica ?? TicketsUrl, Roles.Customer, buyer, sale.Tenant);
        return await client.PostAsJsonAsync("/api/v1/reservations", new { eventId = sale.EventId, items = Items(sale, quantity), discountCode = code }, Cancellation);
    }

    /// <summary>Buys in one step with a code.</summary>
    public Task<HttpResponseMessage> BuyWithCodeAsync(Sale sale, string code, int quantity = 1, Guid? buyer = null, string token = "tok_ok", Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        return PurchaseAsync(sale.Tenant, new { eventId = sale.EventId, items = Items(sale, quantity), discountCode = code, payment = Pay(token) }, buyer, key: null, replica);
    }

    /// <summary>How often a discount counts as used.</summary>
    public async Task<long> UsedAsync(Guid discountId)
    {
        using var manager = Tickets(Roles.VenueManager);
        return (await manager.GetJsonAsync($"/api/v1/discounts/{discountId}")).Number("used");
    }
}
