namespace AdmitOne.Tickets.Purchases;

/// <summary>What a provider knows of one payment.</summary>
internal enum ProviderState { Pending, Succeeded, Declined }

/// <summary>A payment as the provider is asked about it.</summary>
/// <param name="HoldExpiresAt">Until then the tickets wait for the money.</param>
internal sealed record ProviderPayment(Guid PaymentId, string Token, long AmountMinor, string Currency, DateTimeOffset HoldExpiresAt);

/// <summary>
/// The payment provider of method <c>test</c>. It behaves as its token says and keeps nothing: what became of a payment follows from the token
/// and the clock, so that every replica, and a service that was killed and started again, hears the same.
/// </summary>
internal sealed class TestPayments(TimeProvider clock)
{
    public static readonly IReadOnlyList<string> Tokens = ["tok_ok", "tok_decline", "tok_slow", "tok_timeout", "tok_late", "tok_twice"];

    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(2);

    /// <summary>Charges, and answers each time the provider says something: <c>tok_twice</c> confirms two times.</summary>
    public async IAsyncEnumerable<ProviderState> ChargeAsync(ProviderPayment payment)
    {
        if (payment.Token == "tok_slow") await Task.Delay(s_slow, clock);
        yield return payment.Token switch
        {
            "tok_decline" => ProviderState.Declined,
            "tok_timeout" or "tok_late" => ProviderState.Pending,
            _ => ProviderState.Succeeded,
        };
        if (payment.Token == "tok_twice") yield return ProviderState.Succeeded;
    }

    /// <summary>What has become of a payment that was begun some time ago.</summary>
    public ProviderState Ask(ProviderPayment payment) => payment.Token switch
    {
        "tok_decline" => ProviderState.Declined,
        "tok_timeout" => ProviderState.Pending,
        "tok_late" when clock.GetUtcNow() < payment.HoldExpiresAt + s_late => ProviderState.Pending,
        _ => ProviderState.Succeeded,
    };

    /// <returns>True if no money will come any more; false if it is on its way and cannot be stopped.</returns>
    public static bool TryCancel(ProviderPayment payment) => payment.Token == "tok_timeout";

    /// <summary>Sends money back. The refund's id makes a repeat harmless.</summary>
    /// <returns>The provider's reference.</returns>
    public static string Refund(Guid refundId) => $"test_refund_{refundId:N}";

    public static string Reference(ProviderPayment payment) => $"test_{payment.PaymentId:N}";
}
