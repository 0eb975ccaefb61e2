using System.Runtime.CompilerServices;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Orders;
using AdmitOne.Tickets.Pricing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Payments;

/// <summary>
/// Cards by Stripe. A charge is two calls, creating a Payment Intent and confirming it, so that the first can be repeated by whoever looks for
/// the payment later without charging anybody (ADR 0022). Between the two the intent's id is handed over to be stored. Stripe's word, not ours,
/// says what a payment is.
/// </summary>
internal sealed partial class StripePayments(StripeClient stripe, IOptions<StripeOptions> options, ILogger<StripePayments> logger) : IPaymentProvider
{
    public string Method => "stripe";

    public bool IsConfigured => !string.IsNullOrWhiteSpace(options.Value.SecretKey);

    public string? RefuseAmount(long amountMinor, string currency) => StripeAmount.Of(amountMinor, currency) is null
        ? $"Cards pay sums in {currency} in steps of {MoneyText.Of(ChargeStep.Of(currency), currency)} only, and this one is {MoneyText.Of(amountMinor, currency)}: pay it another way, or ask the organiser."
        : null;

    public Refusal? RefuseToken(string? token) => token is { Length: > 3 } && token.StartsWith("pm_", StringComparison.Ordinal)
        ? null
        : PlatformProblems.Invalid("/payment/token", "Must be a PaymentMethod of Stripe's, such as pm_1MqLiJLkdIwHu7ixUEgbFdYF.");

    public async IAsyncEnumerable<ProviderAnswer> ChargeAsync(ProviderPayment payment, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var created = await CreateAsync(payment, cancellationToken);
        if (created.Value is not { } intent)
        {
            yield return NotMade(payment, created.Error!);
            yield break;
        }
        // Whoever charges stores the intent's id before going on: nothing is confirmed that could not be found again.
        yield return new ProviderAnswer(ProviderState.Pending, intent.Id);
        var confirmed = await stripe.ConfirmAsync(payment, intent.Id, cancellationToken);
        yield return confirmed switch
        {
            { Value: { } charged } => Answer(charged),
            { Error.Type: "card_error" } => new ProviderAnswer(ProviderState.Declined, intent.Id),
            // Somebody was faster: what it is now is asked, not guessed.
            { Error.Code: "payment_intent_unexpected_state" } => await LookAsync(intent.Id, cancellationToken),
            _ => throw Refused(confirmed.Error!),
        };
    }

    public async Task<ProviderAnswer> AskAsync(ProviderPayment payment, CancellationToken cancellationToken)
    {
        if (await FindAsync(payment, cancellationToken) is not { } id) return new ProviderAnswer(ProviderState.Declined, null);
        var intent = Value(await stripe.RetrieveAsync(id, cancellationToken));
        // Whoever was to confirm it has gone. Nobody has been charged, and now nobody will be.
        return intent is { Status: "requires_confirmation" } or { Status: "requires_payment_method", LastPaymentError: null } ? await CancelAsync(payment with { Reference = id }, cancellationToken) : Answer(intent);
    }

    public async Task<ProviderAnswer> CancelAsync(ProviderPayment payment, CancellationToken cancellationToken)
    {
        if (await FindAsync(payment, cancellationToken) is not { } id) return new ProviderAnswer(ProviderState.Cancelled, null);
        var (cancelled, error) = await stripe.CancelAsync(payment, id, cancellationToken);
        if (cancelled is not null) return Answer(cancelled);
        return error is { Code: "payment_intent_unexpected_state" } ? await LookAsync(id, cancellationToken) : throw Refused(error!);
    }

    public async Task<ProviderRefundResult> RefundAsync(ProviderRefund refund, CancellationToken cancellationToken)
    {
        if (refund.PaymentReference is not { } intent) throw new PaymentProviderException("Stripe's name for the payment is not known.");
        if (StripeAmount.Of(refund.AmountMinor, refund.Currency) is not { } amount) return new ProviderRefundResult(ProviderRefundState.Refused, null, "Stripe cannot send this amount.");
        if (refund.Reference is { } id) return Value(await stripe.RetrieveRefundAsync(id, cancellationToken)).Result();
        if (refund.IsKeyOld && Value(await stripe.ListRefundsAsync(intent, cancellationToken)).FirstOrDefault(r => r.RefundId == refund.RefundId && !r.IsDead) is { } found) return found.Result();
        var (sent, error) = await stripe.RefundAsync(refund, intent, amount, cancellationToken);
        if (sent is not null) return sent.Result();
        // A key that came with other parameters before says nothing about the refund; what Stripe itself has trouble with passes.
        return error is { Type: "idempotency_error" or "api_error" } ? throw Refused(error) : new ProviderRefundResult(ProviderRefundState.Refused, null, Text(error!));
    }

    /// <summary>All of a payment's refunds, the oldest first.</summary>
    /// <exception cref="PaymentProviderException">Stripe did not answer, or not usefully.</exception>
    public async Task<IReadOnlyList<StripeRefund>> ListRefundsAsync(string paymentReference, CancellationToken cancellationToken) =>
        Value(await stripe.ListRefundsAsync(paymentReference, cancellationToken));

    /// <exception cref="PaymentProviderException">Stripe did not answer, or not usefully.</exception>
    public async Task<StripeDispute> FindDisputeAsync(string id, CancellationToken cancellationToken) => Value(await stripe.RetrieveDisputeAsync(id, cancellationToken));

    // The same create again is answered the same intent, whether or not the first answer was ever read.
    private async Task<string?> FindAsync(ProviderPayment payment, CancellationToken cancellationToken) =>
        payment.Reference ?? (await CreateAsync(payment, cancellationToken)).Value?.Id;

    private async Task<StripeReply<StripeIntent>> CreateAsync(ProviderPayment payment, CancellationToken cancellationToken)
    {
        if (StripeAmount.Of(payment.AmountMinor, payment.Currency) is not { } amount) return new StripeReply<StripeIntent>(null, new StripeError("invalid_request_error", "amount_invalid", null, null, null));
        var created = await stripe.CreateAsync(payment, amount, cancellationToken);
        // What is wrong with the request stays wrong: an unknown card, an amount below the least.
        return created.Error is null or { Type: "card_error" or "invalid_request_error" } ? created : throw Refused(created.Error);
    }

    private async Task<ProviderAnswer> LookAsync(string id, CancellationToken cancellationToken) => Answer(Value(await stripe.RetrieveAsync(id, cancellationToken)));

    // An unknown or unusable card is the buyer's to change. Whatever else Stripe does not like about the request is not, and is no decline.
    private ProviderAnswer NotMade(ProviderPayment payment, StripeError error)
    {
        if (error is { Type: "card_error" } or { Param: "payment_method" } or { Code: "resource_missing" }) return new ProviderAnswer(ProviderState.Declined, null);
        NotPayable(payment.OrderId, Text(error));
        return new ProviderAnswer(ProviderState.Declined, null)
        {
            Unpayable = RefuseAmount(payment.AmountMinor, payment.Currency)
                ?? $"Cards cannot pay {MoneyText.Of(payment.AmountMinor, payment.Currency)} {payment.Currency} here. No money is kept: pay another way, or ask the organiser.",
        };
    }

    private static ProviderAnswer Answer(StripeIntent intent) => intent.Status switch
    {
        "succeeded" => new(ProviderState.Succeeded, intent.Id),
        "canceled" => new(ProviderState.Cancelled, intent.Id),
        "requires_payment_method" when intent.LastPaymentError is not null => new(ProviderState.Declined, intent.Id),
        "requires_action" => new(ProviderState.Pending, intent.Id, intent.NextAction?.RedirectToUrl?.Url is { } url
            ? new ProviderAction("redirect", url, intent.ClientSecret)
            : new ProviderAction("stripe_sdk", null, intent.ClientSecret)),
        _ => new(ProviderState.Pending, intent.Id),
    };

    private static T Value<T>(StripeReply<T> reply) where T : class => reply.Value ?? throw Refused(reply.Error!);

    private static PaymentProviderException Refused(StripeError error) => new(Text(error));

    private static string Text(StripeError error) => $"Stripe refused: {error.Code ?? error.Type}. {error.Message}";

    [LoggerMessage(EventId = 4991, Level = LogLevel.Error, Message = "Order {OrderId} cannot be paid by card: {Reason}")]
    private partial void NotPayable(Guid orderId, string reason);
}

/// <summary>Amounts as Stripe counts them: as ISO 4217 does, but for a few currencies.</summary>
internal static class StripeAmount
{
    /// <returns>Null if Stripe has no such amount: not a whole <see cref="ChargeStep"/>.</returns>
    public static long? Of(long amountMinor, string currency) => amountMinor % ChargeStep.Of(currency) != 0 ? null : currency switch
    {
        "ISK" or "UGX" => checked(amountMinor * 100),   // without decimals, and written with two
        "MGA" => amountMinor / 100,   // with decimals, and written with none
        _ => amountMinor,
    };

    /// <returns>Minor units as ISO 4217 counts them.</returns>
    public static long From(long amount, string currency) => currency switch
    {
        "ISK" or "UGX" => amount / 100,
        "MGA" => checked(amount * 100),
        _ => amount,
    };
}
