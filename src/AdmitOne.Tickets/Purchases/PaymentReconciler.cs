using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using AdmitOne.Tickets.Payments;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Purchases;

/// <summary>
/// Settles what nobody else did: payments whose request was killed, timed out, or whose money comes late. It asks the provider; it never
/// guesses. A replica without a provider's settings leaves its payments to the others. Two replicas asking about the same payment settle it once.
/// </summary>
internal sealed class PaymentReconciler(Database database, PaymentDesk desk, PaymentProviders providers, TimeProvider clock, ILogger<PaymentReconciler> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(2), clock, logger)
{
    private const int PaymentsAtOnce = 200;
    private const int CallsAtOnce = 4;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var unsettled = await database.AskForAllTenantsAsync<Unsettled>(
            "select tenant_id, order_id from tickets.unsettled_payments(@PaymentsAtOnce, @methods)", new { PaymentsAtOnce, methods = providers.Configured }, cancellationToken);
        await Parallel.ForEachAsync(unsettled, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken },
            async (one, stop) => await desk.ReconcileAsync(one.TenantId, one.OrderId, stop));
    }

    private sealed class Unsettled
    {
        public Guid TenantId { get; init; }
        public Guid OrderId { get; init; }
    }
}
