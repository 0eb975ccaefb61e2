using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets.Lanes;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A ticket that stops admitting.</summary>
/// <param name="Becomes"><c>refunded</c> or <c>cancelled</c>.</param>
internal sealed record TicketDeath(Guid TicketId, string Becomes, Guid RefundId);

/// <summary>What refunds write: dead tickets (whose open offers end with them, by a trigger), the money that is owed, and who asked for it.</summary>
internal static class RefundWrites
{
    public static void Add(NpgsqlBatch batch, Guid tenantId, StockChanges changes, DateTimeOffset now)
    {
        if (changes.Audited.Count > 0)
        {
            var rows = changes.Audited;
            batch.Add("""
                insert into platform.audit_log (tenant_id, id, actor_kind, actor_id, actor_name, client_address, request_id, action, resource_type, resource_id, before, after)
                select $1, a.id, a.kind, nullif(a.actor_id, $13), a.name, nullif(a.address, ''), nullif(a.request_id, ''), a.action, a.resource_type, a.resource_id, a.before::jsonb, a.after::jsonb
                  from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::text[], $12::text[])
                       as a (id, kind, actor_id, name, address, request_id, action, resource_type, resource_id, before, after)
                """, tenantId, rows.Select(r => r.Id).ToArray(), rows.Select(r => JsonNamingPolicy.SnakeCaseLower.ConvertName(r.Actor.Kind.ToString())).ToArray(),
                rows.Select(r => r.Actor.Id ?? Guid.Empty).ToArray(), rows.Select(r => r.Actor.Name).ToArray(), rows.Select(r => r.Actor.ClientAddress ?? "").ToArray(),
                rows.Select(r => r.Actor.RequestId ?? "").ToArray(), rows.Select(r => r.Entry.Action).ToArray(), rows.Select(r => r.Entry.ResourceType).ToArray(),
                rows.Select(r => r.Entry.ResourceId).ToArray(), rows.Select(r => Text(r.Entry.Before)).ToArray(), rows.Select(r => Text(r.Entry.After)).ToArray(), Guid.Empty);
        }
        if (changes.Refunds.Count > 0)
        {
            var refunds = changes.Refunds;
            batch.Add("""
                insert into tickets.refunds (tenant_id, id, order_id, payment_id, amount_minor, currency, reason, status, fee_minor, requested_by, provider_reference, from_provider,
                       unassigned_minor, needs_person, next_attempt_at, created_at, updated_at)
                select $1, r.id, r.order_id, r.payment_id, r.amount_minor, r.currency, r.reason, r.status, r.fee_minor, nullif(r.requested_by, $11), nullif(r.provider_reference, ''),
                       r.provider_reference <> '', r.unassigned_minor, r.needs_person, $12, $12, $12
                  from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::uuid[], $13::text[], $14::bigint[], $15::boolean[])
                       as r (id, order_id, payment_id, amount_minor, currency, reason, status, fee_minor, requested_by, provider_reference, unassigned_minor, needs_person)
                """, tenantId, refunds.Select(r => r.Id).ToArray(), refunds.Select(r => r.OrderId).ToArray(), refunds.Select(r => r.PaymentId).ToArray(),
                refunds.Select(r => r.AmountMinor).ToArray(), refunds.Select(r => r.Currency).ToArray(), refunds.Select(r => r.Reason).ToArray(),
                refunds.Select(r => r.Status).ToArray(), refunds.Select(r => r.FeeMinor).ToArray(), refunds.Select(r => r.RequestedBy ?? Guid.Empty).ToArray(), Guid.Empty, now.UtcDateTime,
                refunds.Select(r => r.ProviderReference ?? "").ToArray(), refunds.Select(r => r.UnassignedMinor).ToArray(), refunds.Select(r => r.NeedsPerson).ToArray());
        }
        if (changes.RefundsCovered.Count > 0)
        {
            var covered = changes.RefundsCovered;
            batch.Add("""
                update tickets.refunds r set status = c.status, provider_reference = c.reference, needs_person = false, last_error = null, updated_at = $5
                  from unnest($2::uuid[], $3::text[], $4::text[]) as c (id, status, reference) where r.tenant_id = $1 and r.id = c.id
                """, tenantId, covered.Select(c => c.RefundId).ToArray(), covered.Select(c => c.Status).ToArray(), covered.Select(c => c.ProviderReference).ToArray(), now.UtcDateTime);
        }
        if (changes.TicketDeaths.Count == 0) return;
        var deaths = changes.TicketDeaths;
        batch.Add("""
            update tickets.tickets t set status = d.status, refund_id = d.refund_id, updated_at = $5
              from unnest($2::uuid[], $3::text[], $4::uuid[]) as d (id, status, refund_id) where t.tenant_id = $1 and t.id = d.id and t.status in ('issued', 'blocked')
            """, tenantId, deaths.Select(d => d.TicketId).ToArray(), deaths.Select(d => d.Becomes).ToArray(), deaths.Select(d => d.RefundId).ToArray(), now.UtcDateTime);
    }

    private static string? Text(object? value) => value is null ? null : JsonSerializer.Serialize(value, Json.Answers);
}
