using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Transfers;

/// <summary>Writes down what the clock has decided. Answering, offering anew and the sweep may all come first; each closes an offer once.</summary>
internal static class ExpiredOffers
{
    /// <param name="which">Which offers to look at, as SQL over <c>tickets.ticket_transfers f</c>.</param>
    /// <returns>How many it closed.</returns>
    public static async Task<int> CloseAsync(TenantWork work, string which, object parameters, CancellationToken cancellationToken)
    {
        var closed = await work.QueryAsync<Row>($"""
            update tickets.ticket_transfers f set status = 'expired', closed_at = f.expires_at
              from tickets.tickets t
             where t.tenant_id = f.tenant_id and t.id = f.ticket_id and f.{which} and f.status = 'offered' and f.expires_at <= clock_timestamp()
            returning f.id, f.ticket_id, t.event_id, f.from_user_id
            """, parameters, cancellationToken);
        foreach (var offer in closed)
            await work.TellAsync("transfer.expired", offer.Id, new { TransferId = offer.Id, offer.TicketId, offer.EventId, offer.FromUserId }, cancellationToken);
        return closed.Count;
    }

    private sealed class Row
    {
        public Guid Id { get; init; }
        public Guid TicketId { get; init; }
        public Guid EventId { get; init; }
        public Guid? FromUserId { get; init; }
    }
}
