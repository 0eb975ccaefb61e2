using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Events.Lifecycle;

/// <summary>
/// Says <c>sold_out</c> when nothing of an event is left, and takes it back when tickets return. A message says only that it is worth looking:
/// what is left is counted under the event's lock, so a message that comes twice or late does no harm, and the last one leaves the truth behind.
/// </summary>
internal sealed class FollowStock(Database database, OutboxBells bells, OutboxMetrics outbox, LifecycleMetrics metrics, TimeProvider clock, ILogger<FollowStock> logger)
    : OutboxConsumer("event-stock", database, bells, outbox, clock, logger)
{
    // A pause may end with nothing left, so going on sale is worth a look too.
    private const string WentOnSale = "event.on_sale";

    private static readonly string[] s_mayBringBack = ["ticket_type.stock_returned", "ticket_type.created", "section.changed"];

    protected override IReadOnlyCollection<string> Types { get; } = ["ticket_type.sold_out", "ticket_type.removed", WentOnSale, .. s_mayBringBack];

    protected override async Task HandleAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken)
    {
        var id = message.Type == WentOnSale ? message.ResourceId : message.Data.GetProperty("eventId").GetGuid();
        if (await EventState.LockAsync(work, id, wait: true, cancellationToken) is not { } state) return;

        if (state is { Status: EventStatus.OnSale, Left: 0, Sold: > 0 }) await MoveAsync(EventStatus.SoldOut, "Nothing is left.");
        // A manager may have called it sold out with some tickets kept aside: what had been told before then is no reason to think otherwise.
        else if (state is { Status: EventStatus.SoldOut, Left: > 0 } && s_mayBringBack.Contains(message.Type) && !(message.OccurredAt <= state.SoldOutByHandAt)) await MoveAsync(EventStatus.OnSale, "There are tickets again.");

        async Task MoveAsync(EventStatus to, string reason)
        {
            await EventMoves.MoveAsync(work, state, to, Mover.TicketService, reason, cancellationToken);
            work.AfterCommit(() => metrics.Moved(to));
        }
    }
}
