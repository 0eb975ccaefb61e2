using System.Text.Json;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>What an event of Stripe's is about: enough to find the order and to ask, and nothing that is believed.</summary>
/// <param name="OrderId">As a Payment Intent's metadata names it.</param>
/// <param name="PaymentReference">The Payment Intent of a charge, refund or dispute.</param>
/// <param name="DisputeId">Of <c>charge.dispute.*</c>.</param>
internal sealed record StripeEvent(string Id, string Type, Guid? OrderId, string? PaymentReference, string? DisputeId)
{
    public bool IsAboutRefunds => Type.StartsWith("refund.", StringComparison.Ordinal) || Type == "charge.refunded" || Type.StartsWith("charge.refund.", StringComparison.Ordinal);

    /// <returns>Null if it is no event of Stripe's.</returns>
    public static StripeEvent? Read(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            var (id, type) = (root.GetProperty("id").GetString(), root.GetProperty("type").GetString());
            if (id is not { Length: > 0 and <= 255 } || type is not { Length: > 0 and <= 100 }) return null;
            var about = root.GetProperty("data").GetProperty("object");
            if (type.StartsWith("payment_intent.", StringComparison.Ordinal)) return new StripeEvent(id, type, OrderIn(about), null, null);
            var isDispute = type.StartsWith("charge.dispute.", StringComparison.Ordinal);
            return new StripeEvent(id, type, null, Reference(about, "payment_intent"), isDispute ? Text(about, "id") : null);
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Guid? OrderIn(JsonElement intent) =>
        intent.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object && Guid.TryParse(Text(metadata, "order_id"), out var found) ? found : null;

    // An id, or the object itself where the account has it expanded.
    private static string? Reference(JsonElement of, string name) => of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Object ? Text(value, "id")
        : Text(of, name);

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= 255 } text ? text : null;
}
