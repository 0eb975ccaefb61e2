using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Payments;

/// <summary>
/// Somebody who takes money and gives it back. It is never called inside a transaction, and every call bears being repeated: the payment's and
/// the refund's ids are its idempotency keys. The test method and Stripe implement it, and what is paid where we are not asked.
/// </summary>
public interface IPaymentProvider
{
    /// <summary>The word by which a purchase asks for it.</summary>
    string Method { get; }

    /// <returns>What is wrong with the token, or null.</returns>
    Refusal? RefuseToken(string? token);

    /// <summary>Charges, and answers each time the provider says something; it may say the same thing twice.</summary>
    /// <exception cref="PaymentProviderException">It did not answer, or not usefully: nobody knows whether money moved.</exception>
    IAsyncEnumerable<ProviderAnswer> ChargeAsync(ProviderPayment payment, CancellationToken cancellationToken);

    /// <summary>What has become of a payment that began some time ago. Asking never moves money.</summary>
    /// <exception cref="PaymentProviderException">It did not answer, or not usefully.</exception>
    Task<ProviderAnswer> AskAsync(ProviderPayment payment, CancellationToken cancellationToken);

    /// <summary>Tries to make sure that no money comes any more.</summary>
    /// <returns><see cref="ProviderState.Cancelled"/> if none will; otherwise where the payment is.</returns>
    /// <exception cref="PaymentProviderException">It did not answer, or not usefully.</exception>
    Task<ProviderAnswer> CancelAsync(ProviderPayment payment, CancellationToken cancellationToken);

    /// <summary>Sends money back.</summary>
    /// <returns>The provider's reference.</returns>
    /// <exception cref="PaymentProviderException">It was not taken; try again later.</exception>
    Task<string> RefundAsync(ProviderRefund refund, CancellationToken cancellationToken);
}

/// <summary>What a provider knows of one payment.</summary>
public enum ProviderState { Pending, Succeeded, Declined, Cancelled }

/// <param name="Reference">The provider's own name for the payment.</param>
/// <param name="Action">What the buyer has to do before there can be money.</param>
public sealed record ProviderAnswer(ProviderState State, string? Reference, ProviderAction? Action = null);

/// <param name="Type"><c>redirect</c>: to <paramref name="Url"/>; <c>stripe_sdk</c>: with <paramref name="ClientSecret"/>.</param>
public sealed record ProviderAction(string Type, string? Url, string? ClientSecret);

/// <summary>A payment as the provider is asked about it.</summary>
/// <param name="Reference">What the provider calls it, once that is known.</param>
/// <param name="HoldExpiresAt">Until then the tickets wait for the money.</param>
public sealed record ProviderPayment(Guid PaymentId, Guid OrderId, string Token, long AmountMinor, string Currency, string? Reference, DateTimeOffset HoldExpiresAt);

/// <summary>Money to be sent back.</summary>
/// <param name="PaymentReference">What the provider calls the payment it came with.</param>
/// <param name="Attempt">1 at first.</param>
public sealed record ProviderRefund(Guid RefundId, Guid PaymentId, string Token, string? PaymentReference, long AmountMinor, string Currency, int Attempt);

/// <summary>The provider did not answer, or not in a way that can be used.</summary>
/// <param name="message">May be shown to the organiser: what the provider said, and no secret.</param>
public sealed class PaymentProviderException(string message, Exception? cause = null) : Exception(message, cause);
