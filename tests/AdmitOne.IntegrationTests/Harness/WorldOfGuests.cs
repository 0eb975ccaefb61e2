using System.Net.Http.Headers;
using System.Text.Json;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Buying without a sign-in.</summary>
public partial class World
{
    /// <summary>A client with the token of a new guest of this sale.</summary>
    public async Task<HttpClient> GuestAsync(Sale sale, Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        var client = Client(replica ?? TicketsUrl);
        var guest = await client.MakeAsync($"/api/v1/events/{sale.EventId}/guests", new { });
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", guest.Text("token"));
        return client;
    }

    /// <summary>Buys in one step with the token that the client has.</summary>
    public static Task<HttpResponseMessage> BuyAsGuestAsync(HttpClient guest, Sale sale, int quantity = 1, string? contactEmail = "guest@people.example", string token = "tok_ok", string? key = null)
    {
        ArgumentNullException.ThrowIfNull(guest);
        ArgumentNullException.ThrowIfNull(sale);
        return guest.PostAsync("/api/v1/purchases", new { eventId = sale.EventId, items = Items(sale, quantity), contactEmail, payment = Pay(token) },
            ("Idempotency-Key", key ?? Guid.CreateVersion7().ToString()));
    }

    /// <summary>The path of an order's page, as its owner is told it.</summary>
    public static async Task<string> PageOfAsync(HttpClient owner, JsonElement purchase)
    {
        var order = await owner.GetJsonAsync($"/api/v1/orders/{purchase.Id("orderId")}");
        return $"/api/v1/order-pages/{order.Text("orderNumber")}/{order.Text("pageKey")}";
    }
}
