using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Cancellations;

/// <summary>Has the refunds of a cancelled event look at an order again.</summary>
internal static class ReopenCancellation
{
    /// <summary>
    /// For a blocked ticket that is about to be unblocked, which the refunds left out: call it before the ticket is changed. Does nothing if the event is not
    /// cancelled. The job's row is locked first, as a step of the job does, so that no step notes the order as done meanwhile.
    /// </summary>
    public static async Task ForTicketAsync(TenantWork work, Guid ticketId, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("""
            select 1 from tickets.cancellations c
             where c.event_id = (select t.event_id from tickets.tickets t where t.id = @ticketId and t.status = 'blocked') for no key update
            """, new { ticketId }, cancellationToken);
        await work.ExecuteAsync("""
            with again as (
                update tickets.cancellation_orders c set status = 'waiting', next_attempt_at = clock_timestamp() from tickets.tickets t
                 where t.id = @ticketId and t.status = 'blocked' and c.tenant_id = t.tenant_id and c.event_id = t.event_id and c.order_id = t.order_id
                returning c.event_id)
            update tickets.cancellations j set status = 'refunding', finished_at = null, next_step_at = clock_timestamp() from again a where j.event_id = a.event_id and j.status <> 'closing'
            """, new { ticketId }, cancellationToken);
    }
}
