using System.Globalization;
using System.Runtime.CompilerServices;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Payments;

/// <summary>
/// The payment provider of method <c>test</c>. It behaves as its token says and keeps nothing: what became of a payment follows from the token
/// and the clock, so that every replica, and a service that was killed and started again, hears the same.
/// </summary>
internal sealed class TestPayments(TimeProvider clock) : IPaymentProvider
{
    /// <summary>Pays, and then does not take the refund the first so many times: <c>tok_refund_fails_3</c>.</summary>
    public const string RefundFails = "tok_refund_fails_";

    private static readonly string[] s_tokens = ["tok_ok", "tok_decline", "tok_slow", "tok_timeout", "tok_late", "tok_twice"];
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(2);

    public string Method => "test";

    public Refusal? RefuseToken(string? token) => s_tokens.Contains(token) || RefusedRefunds(token) > 0
        ? null
        : PlatformProblems.Invalid("/payment/token", $"Must be one of {string.Join(", ", s_tokens)}, {RefundFails}1 to {RefundFails}9.");

    public async IAsyncEnumerable<ProviderAnswer> ChargeAsync(ProviderPayment payment, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (payment.Token == "tok_slow") await Task.Delay(s_slow, clock, cancellationToken);
        yield return Answer(payment, payment.Token switch
        {
            "tok_decline" => ProviderState.Declined,
            "tok_timeout" or "tok_late" => ProviderState.Pending,
            _ => ProviderState.Succeeded,
        });
        if (payment.Token == "tok_twice") yield return Answer(payment, ProviderState.Succeeded);
    }

    public Task<ProviderAnswer> AskAsync(ProviderPayment payment, CancellationToken cancellationToken) => Task.FromResult(Answer(payment, payment.Token switch
    {
        "tok_decline" => ProviderState.Declined,
        "tok_timeout" => ProviderState.Pending,
        "tok_late" when clock.GetUtcNow() < payment.HoldExpiresAt + s_late => ProviderState.Pending,
        _ => ProviderState.Succeeded,
    }));

    // Only a timeout can be called off: late money is on its way.
    public async Task<ProviderAnswer> CancelAsync(ProviderPayment payment, CancellationToken cancellationToken) =>
        payment.Token == "tok_timeout" ? Answer(payment, ProviderState.Cancelled) : await AskAsync(payment, cancellationToken);

    public Task<ProviderRefundResult> RefundAsync(ProviderRefund refund, CancellationToken cancellationToken) => Task.FromResult(refund.Attempt <= RefusedRefunds(refund.Token)
        ? new ProviderRefundResult(ProviderRefundState.Refused, null, $"The test provider refuses attempt {refund.Attempt}, as {refund.Token} wants it.")
        : new ProviderRefundResult(ProviderRefundState.Succeeded, $"test_refund_{refund.RefundId:N}"));

    private static ProviderAnswer Answer(ProviderPayment payment, ProviderState state) => new(state, $"test_{payment.PaymentId:N}");

    private static int RefusedRefunds(string? token) =>
        token is not null && token.StartsWith(RefundFails, StringComparison.Ordinal) && token.Length == RefundFails.Length + 1 && char.IsAsciiDigit(token[^1])
            ? int.Parse(token[^1..], CultureInfo.InvariantCulture)
            : 0;
}
