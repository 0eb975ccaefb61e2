using System.Runtime.CompilerServices;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Payments;

/// <summary>
/// Cards by Stripe. A charge is two calls, creating a Payment Intent and confirming it, so that the first can be repeated by whoever looks for
/// the payment later without charging anybody (ADR 0022). Stripe's word, not ours, says what a payment is.
/// </summary>
internal sealed class StripePayments(StripeClient stripe) : IPaymentProvider
{
    public string Method => "stripe";

    public Refusal? RefuseToken(string? token) => token is { Length: > 3 } && token.StartsWith("pm_", StringComparison.Ordinal)
        ? null
        : PlatformProblems.Invalid("/payment/token", "Must be a PaymentMethod of Stripe's, such as pm_1MqLiJLkdIwHu7ixUEgbFdYF.");

    public async IAsyncEnumerable<ProviderAnswer> ChargeAsync(ProviderPayment payment, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var created = await CreateAsync(payment, cancellationToken);
        if (created.Value is not { } intent)
        {
            yield return new ProviderAnswer(ProviderState.Declined, null);   // it exists no more than the card did
            yield break;
        }
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
        var (intent, error) = await stripe.RetrieveAsync(id, cancellationToken);
        if (intent is null) throw Refused(error!);
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

    public async Task<string> RefundAsync(ProviderRefund refund, CancellationToken cancellationToken)
    {
        if (refund.PaymentReference is not { } intent) throw new PaymentProviderException("Stripe's name for the payment is not known.");
        var (sent, error) = await stripe.RefundAsync(refund, intent, StripeAmount.Of(refund.AmountMinor, refund.Currency) ?? throw new PaymentProviderException("Stripe cannot send this amount."), cancellationToken);
        if (sent is null) throw Refused(error!);
        return sent.Status is "failed" or "canceled" ? throw new PaymentProviderException($"Stripe could not send it: {sent.FailureReason ?? sent.Status}.") : sent.Id;
    }

    // The same create again is answered the same intent, whether or not the first answer was ever read.
    private async Task<string?> FindAsync(ProviderPayment payment, CancellationToken cancellationToken) =>
        payment.Reference ?? (await CreateAsync(payment, cancellationToken)).Value?.Id;

    private async Task<StripeReply<StripeIntent>> CreateAsync(ProviderPayment payment, CancellationToken cancellationToken)
    {
        if (StripeAmount.Of(payment.AmountMinor, payment.Currency) is not { } amount) return new StripeReply<StripeIntent>(null, new StripeError("invalid_request_error", "amount", null, null, null));
        var created = await stripe.CreateAsync(payment, amount, cancellationToken);
        // What is wrong with the request stays wrong: an unknown card, an amount below the least.
        return created.Error is null or { Type: "card_error" or "invalid_request_error" } ? created : throw Refused(created.Error);
    }

    private async Task<ProviderAnswer> LookAsync(string id, CancellationToken cancellationToken)
    {
        var (intent, error) = await stripe.RetrieveAsync(id, cancellationToken);
        return intent is null ? throw Refused(error!) : Answer(intent);
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

    private static PaymentProviderException Refused(StripeError error) => new($"Stripe refused: {error.Code ?? error.Type}. {error.Message}");
}

/// <summary>Amounts as Stripe counts them: as ISO 4217 does, but for three currencies.</summary>
internal static class StripeAmount
{
    /// <returns>Null if Stripe has no such amount.</returns>
    public static long? Of(long amountMinor, string currency) => currency switch
    {
        "ISK" or "UGX" => checked(amountMinor * 100),   // without decimals, and written with two
        "MGA" => amountMinor % 100 == 0 ? amountMinor / 100 : null,   // with decimals, and written with none
        _ => amountMinor,
    };
}
