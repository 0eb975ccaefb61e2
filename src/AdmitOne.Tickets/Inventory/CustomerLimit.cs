using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Inventory;

/// <summary>How many tickets of a type one customer may have, for those who hand tickets over without selling them.</summary>
internal static class CustomerLimit
{
    /// <summary>
    /// Says why this customer may not have one more of a type, or null. Where the type has a limit its stock stays locked until the transaction ends,
    /// so that no purchase of the same customer is decided meanwhile; call it before any ticket is locked.
    /// </summary>
    public static async Task<Refusal?> RefuseOneMoreAsync(TenantWork work, Guid ticketTypeId, Guid userId, CancellationToken cancellationToken)
    {
        if (await work.FindAsync<Limit>("select name, max_per_customer from tickets.ticket_types where id = @ticketTypeId", new { ticketTypeId }, cancellationToken)
            is not { MaxPerCustomer: { } limit } type) return null;
        await work.ExecuteAsync("select 1 from tickets.stock where ticket_type_id = @ticketTypeId for no key update", new { ticketTypeId }, cancellationToken);
        var owned = await work.FindAsync<long>("""
            select (select coalesce(sum(r.quantity) filter (where r.ticket_type_id = @ticketTypeId and r.status = 'held' and r.expires_at > statement_timestamp()), 0)
                      from tickets.reservations r where r.user_id = @userId)
                 + (select count(*) from tickets.tickets t where t.user_id = @userId and t.ticket_type_id = @ticketTypeId and t.status in ('issued', 'blocked'))
            """, new { ticketTypeId, userId }, cancellationToken);
        return owned >= limit ? InventoryProblems.LimitPerCustomer.With($"A customer may have {limit} of \"{type.Name}\"; you hold or own {owned}.") : null;
    }

    private sealed class Limit
    {
        public string Name { get; init; } = "";
        public int? MaxPerCustomer { get; init; }
    }
}
