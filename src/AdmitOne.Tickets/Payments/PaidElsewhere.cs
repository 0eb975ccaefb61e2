using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Payments;

/// <summary>
/// Money that we do not move: cash at the box office, and what an order service of the organiser's has taken. It is there when the order is
/// made, so there is nothing to charge or to ask, and whoever took it hands it back.
/// </summary>
internal sealed class PaidElsewhere(string method) : IPaymentProvider
{
    public string Method => method;

    public Refusal? RefuseToken(string? token) => token is null ? null : PlatformProblems.Invalid("/payment/token", $"A {method} payment needs no token.");

    public async IAsyncEnumerable<ProviderAnswer> ChargeAsync(ProviderPayment payment, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return await AskAsync(payment, cancellationToken);
    }

    public Task<ProviderAnswer> AskAsync(ProviderPayment payment, CancellationToken cancellationToken) =>
        Task.FromResult(new ProviderAnswer(ProviderState.Pending, payment.Reference));

    public Task<ProviderAnswer> CancelAsync(ProviderPayment payment, CancellationToken cancellationToken) =>
        Task.FromResult(new ProviderAnswer(ProviderState.Cancelled, payment.Reference));

    public Task<ProviderRefundResult> RefundAsync(ProviderRefund refund, CancellationToken cancellationToken) =>
        Task.FromResult(new ProviderRefundResult(ProviderRefundState.Succeeded, $"{method}_{refund.RefundId:N}"));
}
