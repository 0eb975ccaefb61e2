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

    /// <summary>False on a replica without the provider's settings: it leaves the method's payments and refunds to the others.</summary>
    bool IsConfigured => true;

    /// <summary>Why this sum cannot be charged by this method, for the buyer; null if it can.</summary>
    string? RefuseAmount(long amountMinor, string currency) => null;

    /// <summary>Sends money back, or says where a refund that was sent is now (<see cref="ProviderRefund.Reference"/>).</summary>
    /// <exception cref="PaymentProviderException">It did not answer, or not usefully: the same call is repeated later.</exception>
    Task<ProviderRefundResult> RefundAsync(ProviderRefund refund, CancellationToken cancellationToken);
}

/// <summary>Where a refund is at its provider.</summary>
public enum ProviderRefundState
{
    Succeeded,

    /// <summary>Accepted; the money arrives later, or waits for the buyer.</summary>
    Pending,

    /// <summary>It was accepted and then failed: the money is back with the organiser.</summary>
    Failed,

    /// <summary>It was definitely not accepted: another attempt is another request, with another idempotency key.</summary>
    Refused,
}

/// <param name="Reference">The provider's name for the refund; null if there is none.</param>
/// <param name="Detail">What the provider says about it, for the organiser.</param>
public sealed record ProviderRefundResult(ProviderRefundState State, string? Reference, string? Detail = null);

/// <summary>What a provider knows of one payment.</summary>
public enum ProviderState { Pending, Succeeded, Declined, Cancelled }

/// <param name="Reference">The provider's own name for the payment.</param>
/// <param name="Action">What the buyer has to do before there can be money.</param>
public sealed record ProviderAnswer(ProviderState State, string? Reference, ProviderAction? Action = null)
{
    /// <summary>Set with <see cref="ProviderState.Declined"/> if the provider refuses the payment for something that no other card would change: a sentence for the buyer.</summary>
    public string? Unpayable { get; init; }
}

/// <param name="Type"><c>redirect</c>: to <paramref name="Url"/>; <c>stripe_sdk</c>: with <paramref name="ClientSecret"/>.</param>
public sealed record ProviderAction(string Type, string? Url, string? ClientSecret);

/// <summary>A payment as the provider is asked about it.</summary>
/// <param name="Reference">What the provider calls it, once that is known.</param>
/// <param name="HoldExpiresAt">Until then the tickets wait for the money.</param>
public sealed record ProviderPayment(Guid PaymentId, Guid OrderId, string Token, long AmountMinor, string Currency, string? Reference, DateTimeOffset HoldExpiresAt);

/// <summary>Money to be sent back.</summary>
/// <param name="PaymentReference">What the provider calls the payment it came with.</param>
/// <param name="Attempt">1 at first.</param>
public sealed record ProviderRefund(Guid RefundId, Guid PaymentId, string Token, string? PaymentReference, long AmountMinor, string Currency, int Attempt)
{
    /// <summary>What the provider calls the refund, once it has accepted it.</summary>
    public string? Reference { get; init; }

    /// <summary>Part of the idempotency key: 1 at first, and one more after each definite refusal.</summary>
    public int KeyNumber { get; init; } = 1;

    /// <summary>The key was first sent so long ago that the provider may have forgotten it: the refund is looked up before it is sent.</summary>
    public bool IsKeyOld { get; init; }
}

/// <summary>The provider did not answer, or not in a way that can be used.</summary>
/// <param name="message">May be shown to the organiser: what the provider said, and no secret.</param>
public sealed class PaymentProviderException(string message, Exception? cause = null) : Exception(message, cause);
