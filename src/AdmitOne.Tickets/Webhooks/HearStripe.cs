using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Webhooks;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Purchases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>
/// Takes Stripe's events as a reason to ask: they come in any order, twice or not at all, and what the Payment Intent is now is only said by
/// Stripe when it is asked.
/// </summary>
internal static class HearStripe
{
    private const string Source = "stripe";

    public static void Map(IEndpointRouteBuilder webhooks) =>
        webhooks.MapPost("/stripe", HandleAsync)
            .WithName("HearStripe").WithSummary("Stripe says that something happened to a Payment Intent")
            .WithDescription("Signed by the Stripe-Signature header, scheme v1, with STRIPE_WEBHOOK_SECRET. What is not about an order of ours is answered 200 and changes nothing.")
            .AllowAnonymous().WithRateTier(RateTier.Webhook).Produces<WebhookHeard>().WithAnswerExample(WebhookHeard.Thanks)
            .MayRefuseWith(PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.InvalidJson, PlatformProblems.Overloaded, PlatformProblems.DependencyUnavailable);

    private static async Task<IResult> HandleAsync(
        HttpContext context, IOptions<StripeOptions> options, CallLimits limits, Database database, PaymentDesk desk, TimeProvider clock, ILogger<PaymentDesk> logger, CancellationToken cancellationToken)
    {
        using var memory = new MemoryStream();
        await context.Request.Body.CopyToAsync(memory, cancellationToken);
        var body = memory.ToArray();
        // Without a secret nothing can be verified, so nothing is believed.
        if (options.Value.WebhookSecret is not { Length: > 0 } secret || StripeSignature.Verify(secret, context.Request.Headers[StripeSignature.Header].ToString(), body) is not { } signedAt)
            return await limits.SpendAnonymousAsync(context) ?? PlatformProblems.BadSignature.With("The Stripe-Signature header is not that of STRIPE_WEBHOOK_SECRET over this body.");
        if ((clock.GetUtcNow() - signedAt).Duration() > StripeSignature.Tolerance) return PlatformProblems.StaleTimestamp.With("The timestamp is more than 5 min from now.");

        if (!TryRead(body, out var happened)) return PlatformProblems.InvalidJson.With("The body is no event of Stripe's.");
        if (happened.OrderId is not { } orderId || await desk.FindTenantAsync(orderId, cancellationToken) is not { } tenantId) return TypedResults.Ok(WebhookHeard.Thanks);
        if (await limits.SpendWebhookAsync(context, tenantId) is { } refusal) return refusal;
        try
        {
            await LateWork.WithinAsync(
                WebhookReceipts.OnceAsync(database, tenantId, (Source, happened.Id, happened.Type), () => desk.AskNowAsync(tenantId, orderId, CancellationToken.None)), logger, cancellationToken);
        }
        catch (PaymentProviderException)
        {
            // Stripe repeats the event later.
            return PlatformProblems.DependencyUnavailable.With("Stripe did not say what the payment is now; send it again.") with { RetryAfterSeconds = 5 };
        }
        return TypedResults.Ok(WebhookHeard.Thanks);
    }

    private static bool TryRead(byte[] body, out (string Id, string Type, Guid? OrderId) happened)
    {
        happened = default;
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            var (id, type) = (root.GetProperty("id").GetString(), root.GetProperty("type").GetString());
            if (id is not { Length: > 0 and <= 255 } || type is not { Length: > 0 and <= 100 }) return false;
            Guid? orderId = type.StartsWith("payment_intent.", StringComparison.Ordinal)
                && root.GetProperty("data").GetProperty("object").TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
                && metadata.TryGetProperty("order_id", out var order) && order.ValueKind == JsonValueKind.String && Guid.TryParse(order.GetString(), out var found) ? found : null;
            happened = (id, type, orderId);
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }
}
