using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using AdmitOne.Tickets.Payments;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Refunds;

/// <summary>
/// Sends money back through the provider that took it, and asks about refunds that it has accepted and not finished. A lease keeps a refund to one
/// replica at a time; its idempotency key is made of its id, so a refund that a killed process had sent is not sent again. What the provider refuses is
/// kept in sight and tried again, at growing distances, for ever; what failed after it was accepted waits for a manager. A replica without a provider's
/// settings leaves its refunds to the others.
/// </summary>
internal sealed partial class RefundWorker(Database database, PaymentProviders providers, RefundMetrics metrics, TimeProvider clock, ILogger<RefundWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    private const int RefundsAtOnce = 200;
    private const int CallsAtOnce = 8;

    // Longer than a provider is waited for.
    private const int LeaseSeconds = 30;

    // Stripe forgets an idempotency key after 24 hours.
    private const int KeyIsOldAfterHours = 20;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var unsent = await database.AskForAllTenantsAsync<Unsent>(
            "select tenant_id, refund_id from tickets.pending_refunds(@RefundsAtOnce, @methods)", new { RefundsAtOnce, methods = providers.Configured }, cancellationToken);
        await Parallel.ForEachAsync(unsent, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken },
            async (one, stop) => await SendAsync(one.TenantId, one.RefundId, stop));
    }

    private async Task SendAsync(Guid tenantId, Guid refundId, CancellationToken cancellationToken)
    {
        if (await TakeAsync(tenantId, refundId, cancellationToken) is not { } refund) return;
        try
        {
            var said = await providers.Of(refund.Method).RefundAsync(new ProviderRefund(refundId, refund.PaymentId, refund.Token ?? "", refund.PaymentReference, refund.AmountMinor, refund.Currency,
                refund.Attempts)
            { Reference = refund.ProviderReference, KeyNumber = refund.KeyNumber, IsKeyOld = refund.IsKeyOld }, cancellationToken);
            await RecordAsync(tenantId, work => RefundStates.RecordAsync(work, refundId, said, refund.Attempts, CancellationToken.None));
            if (said.State is ProviderRefundState.Refused) Refused(refundId, refund.Attempts, said.Detail);
            if (said.State is ProviderRefundState.Failed) Failed(refundId, said.Detail);
            if (said.State is not ProviderRefundState.Pending) metrics.Sent(said.State == ProviderRefundState.Succeeded);
        }
        catch (PaymentProviderException silent)
        {
            NotTaken(silent, refundId, refund.Attempts);
            await RecordAsync(tenantId, work => RefundStates.RecordSilenceAsync(work, refundId, silent.Message, refund.Attempts, CancellationToken.None));
            metrics.Sent(succeeded: false);
        }
    }

    private async Task<Taken?> TakeAsync(Guid tenantId, Guid refundId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var taken = await work.FindAsync<Taken>("""
            update tickets.refunds r set attempts = r.attempts + case when r.provider_reference is null then 1 else 0 end,
                   next_attempt_at = clock_timestamp() + make_interval(secs => @LeaseSeconds),
                   key_first_sent_at = coalesce(r.key_first_sent_at, case when r.attempts > 0 and r.key_number = 1 then r.created_at else clock_timestamp() end)
              from tickets.payments p
             where r.id = @refundId and r.status in ('pending', 'failed') and not (r.status = 'failed' and r.needs_person) and r.next_attempt_at <= clock_timestamp()
               and p.tenant_id = r.tenant_id and p.id = r.payment_id
            returning r.payment_id, r.amount_minor, r.currency, r.attempts, p.method, p.token, p.provider_reference as payment_reference, r.provider_reference, r.key_number,
                   r.key_first_sent_at < clock_timestamp() - make_interval(hours => @KeyIsOldAfterHours) as is_key_old
            """, new { refundId, LeaseSeconds, KeyIsOldAfterHours }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        return taken;
    }

    // What the provider said is written down even if the service stops meanwhile.
    private async Task RecordAsync(Guid tenantId, Func<TenantWork, Task> record)
    {
        await using var work = await database.BeginAsync(tenantId, CancellationToken.None);
        await record(work);
        await work.CommitAsync(CancellationToken.None);
    }

    [LoggerMessage(EventId = 4301, Level = LogLevel.Warning, Message = "The provider did not answer refund {RefundId} at attempt {Attempt}; it is tried again")]
    private partial void NotTaken(Exception silent, Guid refundId, int attempt);

    [LoggerMessage(EventId = 4302, Level = LogLevel.Warning, Message = "The provider refused refund {RefundId} at attempt {Attempt}; it is tried again: {Reason}")]
    private partial void Refused(Guid refundId, int attempt, string? reason);

    [LoggerMessage(EventId = 4303, Level = LogLevel.Error, Message = "Refund {RefundId} failed after the provider had accepted it; a manager must look at it: {Reason}")]
    private partial void Failed(Guid refundId, string? reason);

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
        public string? ProviderReference { get; init; }
        public int KeyNumber { get; init; }
        public bool IsKeyOld { get; init; }
    }
}
