using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Transfers;

/// <summary>Closes offers whose time is over and tells so. They are expired by the clock, not by this; replicas may sweep at once.</summary>
internal sealed partial class TransferExpiryWorker(Database database, TransferMetrics metrics, TimeProvider clock, ILogger<TransferExpiryWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(15), clock, logger)
{
    private const int OffersAtOnce = 500;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var due = await database.AskForAllTenantsAsync<Due>("select tenant_id, transfer_ids from tickets.expired_transfers(@OffersAtOnce)", new { OffersAtOnce }, cancellationToken);
        foreach (var one in due)
        {
            await using var work = await database.BeginAsync(one.TenantId, cancellationToken);
            var closed = await ExpiredOffers.CloseAsync(work, "id = any (@TransferIds)", new { one.TransferIds }, cancellationToken);
            await work.CommitAsync(cancellationToken);
            metrics.Expired(closed);
            if (closed > 0) Closed(closed);
        }
    }

    [LoggerMessage(EventId = 4441, Level = LogLevel.Information, Message = "{Count} offers of tickets have expired")]
    private partial void Closed(int count);

    private sealed class Due
    {
        public Guid TenantId { get; init; }
        public Guid[] TransferIds { get; init; } = [];
    }
}
