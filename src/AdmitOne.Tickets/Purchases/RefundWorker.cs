using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Sends back money that came when nothing could be sold for it any more. The refund's id makes asking the provider twice harmless.</summary>
internal sealed class RefundWorker(Database database, TimeProvider clock, ILogger<RefundWorker> logger) : PeriodicWorker(TimeSpan.FromSeconds(2), clock, logger)
{
    private const int RefundsAtOnce = 200;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var pending = await database.AskForAllTenantsAsync<Pending>(
            "select tenant_id, refund_id from tickets.pending_refunds(@RefundsAtOnce)", new { RefundsAtOnce }, cancellationToken);
        foreach (var refund in pending)
        {
            var reference = TestPayments.Refund(refund.RefundId);
            await using var work = await database.BeginAsync(refund.TenantId, cancellationToken);
            await work.ExecuteAsync("""
                update tickets.refunds set status = 'succeeded', provider_reference = @reference, attempts = attempts + 1, updated_at = clock_timestamp()
                 where id = @RefundId and status = 'pending'
                """, new { refund.RefundId, reference }, cancellationToken);
            await work.CommitAsync(cancellationToken);
        }
    }

    private sealed class Pending
    {
        public Guid TenantId { get; init; }
        public Guid RefundId { get; init; }
    }
}
