using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Payments;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Refunds;

/// <summary>
/// Compares the refunds of a payment at Stripe with those on the books: ours are brought up to date, and those that were made in Stripe's dashboard are
/// booked. It asks for all of them each time, so the order, repeats and absence of events make no difference.
/// </summary>
internal sealed partial class ProviderRefunds(Database database, EventLanes lanes, StripePayments stripe, ILogger<ProviderRefunds> logger)
{
    /// <exception cref="PaymentProviderException">Stripe did not answer, or the refund cannot be booked yet: ask again.</exception>
    public async Task CompareAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenantId, orderId, cancellationToken) is not var (payment, order, known)) return;
        var refunds = await stripe.ListRefundsAsync(payment.Reference, cancellationToken);
        var sent = 0L;
        foreach (var refund in refunds)
        {
            var amount = StripeAmount.From(refund.Amount, payment.Currency);
            if (!refund.IsDead) sent += amount;
            var mine = known.Where(r => r.ProviderReference == refund.Id || (r.Id == refund.RefundId && r.ProviderReference is null && !refund.IsDead)).ToArray();
            if (mine.Length > 0) await RecordAsync(tenantId, mine, refund);
            else if (!refund.IsDead) await BookAsync(tenantId, orderId, (payment, order), new DashboardRefund(refund.Id, amount, refund.Status == "succeeded" ? "succeeded" : "pending", sent >= payment.AmountMinor));
        }
    }

    private async Task RecordAsync(Guid tenantId, KnownRefund[] mine, StripeRefund refund)
    {
        await using var work = await database.BeginAsync(tenantId, CancellationToken.None);
        foreach (var one in mine) await RefundStates.RecordAsync(work, one.Id, refund.Result(), one.Attempts, CancellationToken.None);
        await work.CommitAsync(CancellationToken.None);
    }

    private async Task BookAsync(Guid tenantId, Guid orderId, (PaymentRow Payment, RefundableOrder Order) of, DashboardRefund refund)
    {
        var (booked, refusal) = await lanes.RunAsync(new BookRefund(tenantId, of.Order.EventId, orderId, of.Order, refund), CancellationToken.None);
        if (booked is null) throw new PaymentProviderException($"Refund {refund.Reference} cannot be booked yet: {refusal!.Detail}");
        Booked(refund.Reference, orderId, booked.Tickets);
    }

    private async Task<(PaymentRow Payment, RefundableOrder Order, IReadOnlyList<KnownRefund> Known)?> FindAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var payment = await work.FindAsync<PaymentRow>(
            "select provider_reference as reference, amount_minor, currency from tickets.payments where order_id = @orderId and method = 'stripe' and provider_reference is not null", new { orderId }, cancellationToken);
        if (payment is null || await RefundableOrder.FindAsync(work, orderId, cancellationToken) is not { } order) return null;
        return (payment, order, await work.QueryAsync<KnownRefund>("select id, provider_reference, attempts from tickets.refunds where order_id = @orderId", new { orderId }, cancellationToken));
    }

    [LoggerMessage(EventId = 4311, Level = LogLevel.Information, Message = "Refund {Reference} of order {OrderId}, made in Stripe's dashboard, is on the books; {Tickets} tickets died with it")]
    private partial void Booked(string reference, Guid orderId, int tickets);

    private sealed class PaymentRow
    {
        public string Reference { get; init; } = "";
        public long AmountMinor { get; init; }
        public string Currency { get; init; } = "";
    }

    private sealed class KnownRefund
    {
        public Guid Id { get; init; }
        public string? ProviderReference { get; init; }
        public int Attempts { get; init; }
    }
}
