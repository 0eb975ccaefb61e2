using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using AdmitOne.Tickets.Payments;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Refunds;

/// <summary>
/// Sends money back through the provider that took it. Whoever takes a refund first has it for a while; the refund's id is the provider's
/// idempotency key, so a refund that a killed process had sent is not sent again. What the provider refuses is kept in sight and tried again,
/// at growing distances, for ever.
/// </summary>
internal sealed partial class RefundWorker(Database database, PaymentProviders providers, RefundMetrics metrics, TimeProvider clock, ILogger<RefundWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    private const int RefundsAtOnce = 200;
    private const int CallsAtOnce = 8;
    private const int MaxErrorLength = 500;

    // Longer than a provider is waited for.
    private const int LeaseSeconds = 30;
    private const int LongestPauseSeconds = 3600;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var unsent = await database.AskForAllTenantsAsync<Unsent>(
            "select tenant_id, refund_id from tickets.pending_refunds(@RefundsAtOnce)", new { RefundsAtOnce }, cancellationToken);
        await Parallel.ForEachAsync(unsent, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken },
            async (one, stop) => await SendAsync(one.TenantId, one.RefundId, stop));
    }

    private async Task SendAsync(Guid tenantId, Guid refundId, CancellationToken cancellationToken)
    {
        if (await TakeAsync(tenantId, refundId, cancellationToken) is not { } refund) return;
        try
        {
            var reference = await providers.Of(refund.Method).RefundAsync(
                new ProviderRefund(refundId, refund.PaymentId, refund.Token ?? "", refund.PaymentReference, refund.AmountMinor, refund.Currency, refund.Attempts), cancellationToken);
            await RecordAsync(tenantId, """
                update tickets.refunds set status = 'succeeded', provider_reference = @reference, last_error = null, updated_at = clock_timestamp()
                 where id = @refundId and status in ('pending', 'failed')
                """, new { refundId, reference });
            metrics.Sent(succeeded: true);
        }
        catch (PaymentProviderException refused)
        {
            NotTaken(refused, refundId, refund.Attempts);
            var pause = Math.Min(LongestPauseSeconds, Math.Pow(2, Math.Min(refund.Attempts - 1, 20)));
            await RecordAsync(tenantId, """
                update tickets.refunds set status = 'failed', last_error = @error, next_attempt_at = clock_timestamp() + make_interval(secs => @pause), updated_at = clock_timestamp()
                 where id = @refundId and status in ('pending', 'failed')
                """, new { refundId, error = refused.Message[..Math.Min(MaxErrorLength, refused.Message.Length)], pause });
            metrics.Sent(succeeded: false);
        }
    }

    private async Task<Taken?> TakeAsync(Guid tenantId, Guid refundId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var taken = await work.FindAsync<Taken>("""
            update tickets.refunds r set attempts = r.attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => @LeaseSeconds)
              from tickets.payments p
             where r.id = @refundId and r.status in ('pending', 'failed') and r.next_attempt_at <= clock_timestamp() and p.tenant_id = r.tenant_id and p.id = r.payment_id
            returning r.payment_id, r.amount_minor, r.currency, r.attempts, p.method, p.token, p.provider_reference as payment_reference
            """, new { refundId, LeaseSeconds }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        return taken;
    }

    // What the provider said is written down even if the service stops meanwhile.
    private async Task RecordAsync(Guid tenantId, string sql, object parameters)
    {
        await using var work = await database.BeginAsync(tenantId, CancellationToken.None);
        await work.ExecuteAsync(sql, parameters, CancellationToken.None);
        await work.CommitAsync(CancellationToken.None);
    }

    [LoggerMessage(EventId = 4301, Level = LogLevel.Warning, Message = "The provider did not take refund {RefundId} at attempt {Attempt}; it is tried again")]
    private partial void NotTaken(Exception refused, Guid refundId, int attempt);

    private sealed class Unsent
    {
        public Guid TenantId { get; init; }
        public Guid RefundId { get; init; }
    }

    private sealed class Taken
    {
        public Guid PaymentId { get; init; }
        public long AmountMinor { get; init; }
        public string Currency { get; init; } = "";
        public int Attempts { get; init; }
        public string Method { get; init; } = "";
        public string? Token { get; init; }
        public string? PaymentReference { get; init; }
    }
}
