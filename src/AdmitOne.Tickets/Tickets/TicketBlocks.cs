using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Tickets;

/// <summary>Blocks and unblocks several tickets in somebody else's transaction, which says why and by whom.</summary>
internal static class TicketBlocks
{
    /// <summary>Locks all tickets of an order, by id, as everybody who locks several tickets.</summary>
    public static Task LockOrderAsync(TenantWork work, Guid orderId, CancellationToken cancellationToken) =>
        work.QueryAsync<Guid>("select id from tickets.tickets where order_id = @orderId order by id for no key update", new { orderId }, cancellationToken);

    /// <summary>Blocks all tickets of an order that admit. Lock them first.</summary>
    /// <returns>Those that it blocked.</returns>
    public static Task<IReadOnlyList<Guid>> BlockOrderAsync(TenantWork work, Guid orderId, CancellationToken cancellationToken) =>
        MoveAsync(work, "t.order_id = @orderId", new { orderId, from = "issued", to = "blocked" }, cancellationToken);

    /// <summary>Unblocks those of an order's tickets. Lock the order's tickets first.</summary>
    /// <returns>Those that admit again.</returns>
    public static Task<IReadOnlyList<Guid>> UnblockAsync(TenantWork work, Guid[] ids, CancellationToken cancellationToken) =>
        MoveAsync(work, "t.id = any (@ids)", new { ids, from = "blocked", to = "issued" }, cancellationToken);

    private static async Task<IReadOnlyList<Guid>> MoveAsync(TenantWork work, string which, object parameters, CancellationToken cancellationToken)
    {
        var moved = await work.QueryAsync<Moved>($"""
            update tickets.tickets t set status = @to, updated_at = clock_timestamp() where {which} and t.status = @from returning t.id, t.event_id, t.status
            """, parameters, cancellationToken);
        foreach (var ticket in moved)
        {
            var data = new { TicketId = ticket.Id, ticket.EventId };
            if (ticket.Status == "blocked") await work.TellAsync("ticket.blocked", ticket.Id, data, cancellationToken);
            else await work.TellAsync("ticket.unblocked", ticket.Id, data, cancellationToken);
        }
        return [.. moved.Select(t => t.Id).Order()];
    }

    private sealed class Moved
    {
        public Guid Id { get; init; }
        public Guid EventId { get; init; }
        public string Status { get; init; } = "";
    }
}
