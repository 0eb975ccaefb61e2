using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Cancellations;

/// <summary>Notes that an event was cancelled, so that the work begins. Sales stopped and the door refuses since the cancel itself.</summary>
internal sealed class HearCancellation(Database database, OutboxBells bells, OutboxMetrics metrics, TimeProvider clock, ILogger<HearCancellation> logger)
    : OutboxConsumer("cancellations", database, bells, metrics, clock, logger)
{
    protected override IReadOnlyCollection<string> Types { get; } = ["event.cancelled"];

    // An event that has been deleted since had nothing sold.
    protected override Task HandleAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken) => work.ExecuteAsync("""
        insert into tickets.cancellations (tenant_id, event_id, reason)
        select w.tenant_id, w.event_id, @reason from events.sale_window w where w.tenant_id = @TenantId and w.event_id = @ResourceId
        on conflict do nothing
        """, new { work.TenantId, message.ResourceId, reason = message.Data.TryGetProperty("reason", out var reason) ? reason.GetString() : null }, cancellationToken);
}
