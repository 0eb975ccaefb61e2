using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Administration;

/// <summary>
/// Removes the rows of organisers that are being deleted, some thousand at a time, what points at others before what is pointed at, and the
/// organiser itself last. What was killed half way goes on at the next step, here or in another replica.
/// </summary>
internal sealed partial class TenantErasureWorker(Database database, TimeProvider clock, ILogger<TenantErasureWorker> logger) : PeriodicWorker(TimeSpan.FromSeconds(2), clock, logger)
{
    private const int RowsAtOnce = 2000;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        foreach (var tenantId in await database.AskForAllTenantsAsync<Guid>("select tenant_id from platform.tenants_to_erase()", null, cancellationToken))
        {
            int removed;
            do removed = (await database.SweepForAllTenantsAsync<int>("select platform.erase_rows(@tenantId, @RowsAtOnce)", new { tenantId, RowsAtOnce }, cancellationToken))[0];
            while (removed > 0);
            // -1 when even the organiser has gone; 0 when another replica is at it.
            if (removed < 0) Erased(tenantId);
        }
    }

    [LoggerMessage(EventId = 4951, Level = LogLevel.Information, Message = "Tenant {TenantId} and all of its rows are gone")]
    private partial void Erased(Guid tenantId);
}
