using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Webhooks;
using Npgsql;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>An order that somebody has paid for.</summary>
public sealed record Bought(Guid OrderId, Guid Buyer, IReadOnlyList<Guid> Tickets);

/// <summary>Verbs of money.</summary>
public partial class World
{
    public async Task<Bought> BoughtAsync(Sale sale, int quantity = 1, Guid? buyer = null, string token = "tok_ok")
    {
        var who = buyer ?? Guid.CreateVersion7();
        var order = await (await BuyAsync(sale, quantity, who, token)).ReadAsync(HttpStatusCode.Created);
        return new Bought(order.Id("orderId"), who, [.. order.Items("tickets").Select(t => t.Id())]);
    }

    /// <summary>Gives tickets back as the order's owner, or as <paramref name="role"/>.</summary>
    /// <param name="tickets">Null: all.</param>
    public async Task<HttpResponseMessage> RefundAsync(
        Bought order, IReadOnlyList<Guid>? tickets = null, string role = Roles.Customer, Guid? by = null, string? key = null, Uri? replica = null, bool preview = false)
    {
        ArgumentNullException.ThrowIfNull(order);
        using var client = Client(replica ?? TicketsUrl, role, by ?? (role == Roles.Customer ? order.Buyer : null));
        if (!preview) client.DefaultRequestHeaders.Add("Idempotency-Key", key ?? Guid.CreateVersion7().ToString());
        object body = tickets is null ? new { reason = "We cannot come." } : new { ticketIds = tickets, reason = "We cannot come." };
        return await client.PostAsJsonAsync($"/api/v1/orders/{order.OrderId}/refunds{(preview ? "?preview=true" : "")}", body, Cancellation);
    }

    /// <summary>An order as its owner reads it, or as <paramref name="role"/>.</summary>
    public async Task<JsonElement> OrderAsync(Bought order, string role = Roles.Customer)
    {
        ArgumentNullException.ThrowIfNull(order);
        using var client = Tickets(role, role == Roles.Customer ? order.Buyer : null);
        return await client.GetJsonAsync($"/api/v1/orders/{order.OrderId}");
    }

    /// <summary>Calls off an order's pending payment.</summary>
    public async Task<HttpResponseMessage> CallOffAsync(Guid orderId, Guid owner, Uri? replica = null)
    {
        using var client = Client(replica ?? TicketsUrl, Roles.Customer, owner);
        return await client.PostAsync($"/api/v1/orders/{orderId}/cancel", content: null, Cancellation);
    }

    public async Task<long> AvailableAsync(Sale sale)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var anyone = Tickets();
        return (await anyone.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items().Single(i => i.Id("ticketTypeId") == sale.TicketTypeId).Number("available");
    }

    /// <summary>What a test asked by itself went over connections that died with the server; the services must see to theirs.</summary>
    public void ForgetConnections()
    {
        using var any = new NpgsqlConnection(_stack.Postgres.ConnectionString(_database));
        NpgsqlConnection.ClearPool(any);
    }

    /// <summary>Buys in one step by any method.</summary>
    public async Task<HttpResponseMessage> PayAsync(
        Sale sale, string method, string? token = null, int quantity = 1, Guid? buyer = null, string? key = null, string role = Roles.Customer, Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var client = Client(replica ?? TicketsUrl, role, buyer, sale.Tenant);
        client.DefaultRequestHeaders.Add("Idempotency-Key", key ?? Guid.CreateVersion7().ToString());
        object payment = token is null ? new { method } : new { method, token };
        return await client.PostAsJsonAsync("/api/v1/purchases", new { eventId = sale.EventId, items = Items(sale, quantity), payment }, Cancellation);
    }

    /// <summary>Sends what a payment service would, signed with this world's secret unless with <paramref name="secret"/>.</summary>
    public async Task<HttpResponseMessage> PaymentWebhookAsync(object body, string? id = null, string? secret = null, DateTimeOffset? at = null, Uri? replica = null)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        var (message, timestamp) = (id ?? $"msg_{Guid.CreateVersion7():N}", (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeSeconds());
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/webhooks/payments") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/json");
        foreach (var (name, value) in new[]
        {
            ("webhook-id", message), ("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture)),
            ("webhook-signature", StandardWebhook.Sign(secret ?? _secrets["INTERNAL_WEBHOOK_SECRET"], message, timestamp, bytes)),
        })
            request.Headers.TryAddWithoutValidation(name, value);
        using var client = Client(replica ?? TicketsUrl);
        return await client.SendAsync(request, Cancellation);
    }
}
