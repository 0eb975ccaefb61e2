using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Webhooks;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Purchases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>What a payment service says of a payment. It may say more than is read here.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record PaymentWebhook
{
    /// <summary><c>payment.confirmed</c> or <c>payment.failed</c>; others are taken note of and change nothing.</summary>
    [PlainText(100)]
    public required string Type { get; init; }

    [StringLength(100)]
    public string? Timestamp { get; init; }

    public required PaymentWebhookData Data { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record PaymentWebhookData
{
    /// <summary>The order that is paid for.</summary>
    [StringLength(100)]
    public string? OrderId { get; init; }

    /// <summary>The payment service's name for the payment.</summary>
    [PlainText(200)]
    public string? PaymentId { get; init; }

    /// <summary>What was paid; an amount that is not the order's total is not taken for it.</summary>
    public Money? Amount { get; init; }

    /// <summary>Why it failed.</summary>
    [StringLength(1000)]
    public string? Reason { get; init; }
}

/// <summary>Settles an order by its payment service's own word. First, twice, late or never: the order ends the same.</summary>
internal static class HearPayment
{
    private const string Source = "payments";

    private static readonly PaymentWebhook s_confirmed = new()
    {
        Type = "payment.confirmed",
        Timestamp = "2026-10-01T19:04:12Z",
        Data = new PaymentWebhookData { OrderId = ExampleSale.Order.ToString(), PaymentId = "pay_1", Amount = ExampleSale.Total },
    };

    public static void Map(IEndpointRouteBuilder webhooks) =>
        webhooks.MapPost("/payments", HandleAsync)
            .WithName("HearPayment").WithSummary("A payment service says what became of a payment")
            .WithDescription("Signed as Standard Webhooks 1.0 says, with PAYMENT_WEBHOOK_SECRET, or INTERNAL_WEBHOOK_SECRET where that is not set. A repeated id and an order that is not known are answered 200 and change nothing.")
            .RequireWebhookSignature(WebhookSource.Payments).WithRateTier(RateTier.Webhook).WithRequestExample(s_confirmed).WithAnswerExample(WebhookHeard.Thanks)
            .MayRefuseWith(PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.Overloaded);

    private static async Task<Results<Ok<WebhookHeard>, Refusal>> HandleAsync(
        PaymentWebhook webhook, VerifiedWebhook verified, HttpContext context, CallLimits limits, Database database, PaymentDesk desk, ILogger<PaymentDesk> logger, CancellationToken cancellationToken)
    {
        var answer = webhook.Type switch
        {
            "payment.confirmed" => new ProviderAnswer(ProviderState.Succeeded, webhook.Data.PaymentId),
            "payment.failed" => new ProviderAnswer(ProviderState.Declined, webhook.Data.PaymentId),
            _ => null,
        };
        if (!Guid.TryParse(webhook.Data.OrderId, out var orderId)) return TypedResults.Ok(WebhookHeard.Thanks);
        if (await desk.FindTenantAsync(orderId, cancellationToken) is not { } tenantId) return TypedResults.Ok(WebhookHeard.Thanks);
        if (await limits.SpendWebhookAsync(context, tenantId) is { } refusal) return refusal;
        await LateWork.WithinAsync(WebhookReceipts.OnceAsync(database, tenantId, (Source, verified.Id, webhook.Type), async () =>
        {
            if (answer is not null) await desk.HearAsync(tenantId, orderId, answer, webhook.Data.Amount is { } paid ? (paid.Amount, paid.Currency) : null);
        }), logger, cancellationToken);
        return TypedResults.Ok(WebhookHeard.Thanks);
    }
}
