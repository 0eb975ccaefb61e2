using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Webhooks;
using AdmitOne.Tickets.Disputes;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Purchases;
using AdmitOne.Tickets.Refunds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>
/// Takes Stripe's events as a reason to ask: they come in any order, twice or not at all, and what a payment, a refund or a dispute is now is only said
/// by Stripe when it is asked.
/// </summary>
internal static class HearStripe
{
    private const string Source = "stripe";

    public static void Map(IEndpointRouteBuilder webhooks) =>
        webhooks.MapPost("/stripe", HandleAsync)
            .WithName("HearStripe").WithSummary("Stripe says that something happened to a payment, a refund or a dispute")
            .WithDescription("Signed by the Stripe-Signature header, scheme v1, with STRIPE_WEBHOOK_SECRET. What is not about an order of ours is answered 200 and changes nothing.")
            .AllowAnonymous().WithRateTier(RateTier.Webhook).Produces<WebhookHeard>().WithAnswerExample(WebhookHeard.Thanks)
            .MayRefuseWith(PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.InvalidJson, PlatformProblems.Overloaded, PlatformProblems.DependencyUnavailable);

    private static async Task<IResult> HandleAsync(
        HttpContext context, IOptions<StripeOptions> options, CallLimits limits, Database database, StripeDesks desks, TimeProvider clock, ILogger<PaymentDesk> logger,
        CancellationToken cancellationToken)
    {
        using var memory = new MemoryStream();
        await context.Request.Body.CopyToAsync(memory, cancellationToken);
        var body = memory.ToArray();
        // Without a secret nothing can be verified, so nothing is believed.
        if (options.Value.WebhookSecret is not { Length: > 0 } secret || StripeSignature.Verify(secret, context.Request.Headers[StripeSignature.Header].ToString(), body) is not { } signedAt)
            return await limits.SpendAnonymousAsync(context) ?? PlatformProblems.BadSignature.With("The Stripe-Signature header is not that of STRIPE_WEBHOOK_SECRET over this body.");
        if ((clock.GetUtcNow() - signedAt).Duration() > StripeSignature.Tolerance) return PlatformProblems.StaleTimestamp.With("The timestamp is more than 5 min from now.");

        if (StripeEvent.Read(body) is not { } happened) return PlatformProblems.InvalidJson.With("The body is no event of Stripe's.");
        if (await FindAsync(happened, database, desks, cancellationToken) is not var (tenantId, orderId)) return TypedResults.Ok(WebhookHeard.Thanks);
        if (await limits.SpendWebhookAsync(context, tenantId) is { } refusal) return refusal;
        try
        {
            await LateWork.WithinAsync(
                WebhookReceipts.OnceAsync(database, tenantId, (Source, happened.Id, happened.Type), () => desks.AskAsync(tenantId, orderId, happened)), logger, cancellationToken);
        }
        catch (PaymentProviderException)
        {
            // Stripe repeats the event later.
            return PlatformProblems.DependencyUnavailable.With("Stripe did not say what it is now; send it again.") with { RetryAfterSeconds = 5 };
        }
        return TypedResults.Ok(WebhookHeard.Thanks);
    }

    private static async Task<(Guid TenantId, Guid OrderId)?> FindAsync(StripeEvent happened, Database database, StripeDesks desks, CancellationToken cancellationToken)
    {
        if (happened.OrderId is { } orderId) return await desks.Payments.FindTenantAsync(orderId, cancellationToken) is { } tenantId ? (tenantId, orderId) : null;
        if (happened.PaymentReference is not { } reference) return null;
        var found = await database.AskForAllTenantsAsync<PaidOrder>("select tenant_id, order_id from tickets.tenant_of_payment(@reference)", new { reference }, cancellationToken);
        return found.Count == 0 ? null : (found[0].TenantId, found[0].OrderId);
    }

    private sealed class PaidOrder
    {
        public Guid TenantId { get; init; }
        public Guid OrderId { get; init; }
    }
}

/// <summary>Who asks Stripe about what.</summary>
internal sealed class StripeDesks(PaymentDesk payments, ProviderRefunds refunds, DisputeDesk disputes)
{
    public PaymentDesk Payments => payments;

    /// <exception cref="PaymentProviderException">Stripe does not say; ask again.</exception>
    public async Task AskAsync(Guid tenantId, Guid orderId, StripeEvent happened)
    {
        // A refund or a dispute can come before the word that the money came.
        await payments.AskNowAsync(tenantId, orderId, CancellationToken.None);
        if (happened.IsAboutRefunds) await refunds.CompareAsync(tenantId, orderId, CancellationToken.None);
        if (happened.DisputeId is { } dispute) await disputes.HearAsync(tenantId, orderId, dispute, CancellationToken.None);
    }
}
