using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.TicketTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Payments;

/// <summary>A way to pay.</summary>
/// <param name="Method">The word for a purchase's <c>payment.method</c>: <c>free</c> (an order that costs nothing), <c>stripe</c>, <c>cash</c> or <c>test</c>.</param>
/// <param name="StaffOnly">Only the organiser's staff can take it, at the box office.</param>
/// <param name="NeedsToken">A purchase names what the provider knows the means of payment by, in <c>payment.token</c>.</param>
/// <param name="PublishableKey">What Stripe.js is started with, to turn a card into a token; null unless the method is <c>stripe</c> and the installation publishes it.</param>
public sealed record WayToPay(string Method, bool StaffOnly, bool NeedsToken, string? PublishableKey);

public sealed record PaymentMethods(IReadOnlyList<WayToPay> Items);

/// <summary>What a shop must know before it can ask for a card.</summary>
internal static class ShowPaymentMethods
{
    private const int SecondsKept = 60;

    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapGroup("/events/{eventId}").WithTag("Payment methods", "How tickets of an event can be paid.").MapGet("/payment-methods", HandleAsync)
            .WithName("ShowPaymentMethods").WithSummary("How tickets of an event can be paid, and the key for Stripe.js")
            .AllowAnonymous().WithRateTier(RateTier.Global)
            .WithAnswerExample(new PaymentMethods([new WayToPay("free", false, false, null), new WayToPay("stripe", false, true, "pk_live_51MqLiJLkdIwHu7ix")]))
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<PaymentMethods>, Refusal>> HandleAsync(
        Guid eventId, Caller? caller, HttpContext context, Database database, IOptions<PaymentOptions> options, IOptions<StripeOptions> stripe, IOptions<ServiceOptions> service,
        CancellationToken cancellationToken)
    {
        if (await ReadableEvent.LookAsync(database, eventId, caller, cancellationToken) is not var (_, found)) return PlatformProblems.NotFound.With("There is no such event.");
        if (found.IsDraft) context.NeverCache(); else context.CacheFor(SecondsKept);
        return TypedResults.Ok(new PaymentMethods([.. options.Value.Methods(service.Value.IsProduction).Distinct().Select(method => new WayToPay(
            method, method == "cash", method is "stripe" or "test", method == "stripe" && stripe.Value.PublishableKey is { Length: > 0 } key ? key : null))]));
    }
}
