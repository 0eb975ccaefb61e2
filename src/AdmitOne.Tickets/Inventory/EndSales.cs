using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// Ends what waits for an event that will not take place. Nothing here moves stock: holds run out now and are swept through the lane as always,
/// and a payment under way is asked about now, with no tickets waiting for it, so that it is called off or its money goes straight back.
/// </summary>
internal static class EndSales
{
    /// <returns>The event's ticket types, whose holds are to be swept once the transaction has committed.</returns>
    public static async Task<IReadOnlyList<Guid>> RunAsync(TenantWork work, Guid eventId, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(eventId) }, cancellationToken);
        // No reservation changes without its type's stock lock.
        var types = await work.QueryAsync<Guid>("""
            select ticket_type_id from tickets.stock where tenant_id = @TenantId and event_id = @eventId order by ticket_type_id for no key update
            """, new { work.TenantId, eventId }, cancellationToken);
        await work.ExecuteAsync("""
            update tickets.reservations set expires_at = clock_timestamp()
             where tenant_id = @TenantId and ticket_type_id = any (@types) and status = 'held' and expires_at > clock_timestamp();
            update tickets.payments p set hold_expires_at = least(p.hold_expires_at, clock_timestamp()), next_check_at = least(p.next_check_at, clock_timestamp())
              from tickets.orders o
             where o.tenant_id = @TenantId and o.event_id = @eventId and o.status = 'payment_pending' and p.tenant_id = o.tenant_id and p.order_id = o.id and p.status = 'created'
            """, new { work.TenantId, eventId, types = types.ToArray() }, cancellationToken);
        return types;
    }
}
