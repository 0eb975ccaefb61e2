using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A ticket that stops admitting.</summary>
/// <param name="Becomes"><c>refunded</c> or <c>cancelled</c>.</param>
internal sealed record TicketDeath(Guid TicketId, string Becomes, Guid RefundId);

/// <summary>What refunds write: dead tickets, the ends of transfers that were offered for them, and the money that is owed.</summary>
internal static class RefundWrites
{
    public static void Add(NpgsqlBatch batch, Guid tenantId, StockChanges changes, DateTimeOffset now)
    {
        if (changes.Refunds.Count > 0)
        {
            var refunds = changes.Refunds;
            batch.Add("""
                insert into tickets.refunds (tenant_id, id, order_id, payment_id, amount_minor, currency, reason, status, fee_minor, requested_by, next_attempt_at, created_at, updated_at)
                select $1, r.id, r.order_id, r.payment_id, r.amount_minor, r.currency, r.reason, r.status, r.fee_minor, nullif(r.requested_by, $11), $12, $12, $12
                  from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::uuid[])
                       as r (id, order_id, payment_id, amount_minor, currency, reason, status, fee_minor, requested_by)
                """, tenantId, refunds.Select(r => r.Id).ToArray(), refunds.Select(r => r.OrderId).ToArray(), refunds.Select(r => r.PaymentId).ToArray(),
                refunds.Select(r => r.AmountMinor).ToArray(), refunds.Select(r => r.Currency).ToArray(), refunds.Select(r => r.Reason).ToArray(),
                refunds.Select(r => r.Status).ToArray(), refunds.Select(r => r.FeeMinor).ToArray(), refunds.Select(r => r.RequestedBy ?? Guid.Empty).ToArray(), Guid.Empty, now.UtcDateTime);
        }
        if (changes.TicketDeaths.Count == 0) return;
        var deaths = changes.TicketDeaths;
        batch.Add("""
            update tickets.tickets t set status = d.status, refund_id = d.refund_id, updated_at = $5
              from unnest($2::uuid[], $3::text[], $4::uuid[]) as d (id, status, refund_id) where t.tenant_id = $1 and t.id = d.id and t.status in ('issued', 'blocked')
            """, tenantId, deaths.Select(d => d.TicketId).ToArray(), deaths.Select(d => d.Becomes).ToArray(), deaths.Select(d => d.RefundId).ToArray(), now.UtcDateTime);
        batch.Add("""
            update tickets.ticket_transfers set status = 'cancelled', closed_at = $3 where tenant_id = $1 and ticket_id = any ($2) and status = 'offered'
            """, tenantId, deaths.Select(d => d.TicketId).ToArray(), now.UtcDateTime);
    }
}
