using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Cancellations;

/// <summary>
/// Takes the cancelled events that are not done one step each in turn, so that a small one does not wait for a large one. A step is short and
/// leaves the rest to the next, which any replica may take: nothing is lost with the one that is killed.
/// </summary>
internal sealed partial class CancellationWorker(Database database, VoidOrders work, TimeProvider clock, ILogger<CancellationWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    private const int EventsAtOnce = 50;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        bool moved;
        do
        {
            var due = await database.AskForAllTenantsAsync<DueEvent>(
                "select tenant_id, event_id from tickets.unfinished_cancellations(@EventsAtOnce)", new { EventsAtOnce }, cancellationToken);
            moved = false;
            foreach (var one in due) moved |= await TryStepAsync(one, cancellationToken);
        }
        while (moved && !cancellationToken.IsCancellationRequested);
    }

    private async Task<bool> TryStepAsync(DueEvent one, CancellationToken cancellationToken)
    {
        try
        {
            return await work.StepAsync(one.TenantId, one.EventId, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && !DatabaseFaults.IsTransient(fault))
        {
            // One event's trouble holds up no other's refunds.
            StepFailed(fault, one.EventId);
            await work.PutOffAsync(one.TenantId, one.EventId, cancellationToken);
            return false;
        }
    }

    [LoggerMessage(EventId = 4401, Level = LogLevel.Error, Message = "The cancellation of event {EventId} cannot go on; it is tried again")]
    private partial void StepFailed(Exception fault, Guid eventId);

    private sealed class DueEvent
    {
        public Guid TenantId { get; init; }
        public Guid EventId { get; init; }
    }
}
