using AdmitOne.Tickets.Lanes;
using AdmitOne.Tickets.Pricing;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// The second round trip of a batch: all that its commands decided, a statement for each kind of row, and the commit. It is the one place
/// that changes <c>held</c> or <c>sold</c>, together with the rows that explain them; the checks on those columns have the last word.
/// </summary>
internal static class StockWrites
{
    public static async Task RunAsync(NpgsqlConnection connection, Guid batchId, StockCommand any, StockView view, StockChanges changes, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        var tenantId = any.TenantId;
        SoldOut.Tell(view, changes, any.EventId);
        AddDiscounts(batch, tenantId, view);
        AddCounters(batch, tenantId, view);
        AddHolds(batch, tenantId, changes, view.Now);
        AddOrders(batch, tenantId, changes, view.Now);
        AddRedemptions(batch, tenantId, changes, view.Now);
        AddTickets(batch, tenantId, changes, view.Now);
        RefundWrites.Add(batch, tenantId, changes, view.Now);
        AddAnswers(batch, tenantId, changes);
        batch.Prove(tenantId, batchId);
        batch.Add("commit");
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void AddDiscounts(NpgsqlBatch batch, Guid tenantId, StockView view)
    {
        var used = view.Discounts.Where(d => d.UsedChange != 0).ToArray();
        if (used.Length == 0) return;
        batch.Add("""
            update tickets.discounts d set used = d.used + u.uses from unnest($2::uuid[], $3::int[]) as u (id, uses) where d.tenant_id = $1 and d.id = u.id
            """, tenantId, used.Select(d => d.Terms.Id).ToArray(), used.Select(d => d.UsedChange).ToArray());
    }

    private static void AddRedemptions(NpgsqlBatch batch, Guid tenantId, StockChanges changes, DateTimeOffset now)
    {
        if (changes.Redemptions.Count > 0)
        {
            var rows = changes.Redemptions;
            batch.Add("""
                insert into tickets.discount_redemptions (tenant_id, discount_id, order_id, user_id, status, amount_minor, currency, created_at, updated_at)
                select $1, r.discount_id, r.order_id, r.user_id, 'counted', r.amount_minor, r.currency, $7, $7
                  from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[]) as r (discount_id, order_id, user_id, amount_minor, currency)
                """, tenantId, rows.Select(r => r.DiscountId).ToArray(), rows.Select(r => r.OrderId).ToArray(), rows.Select(r => r.UserId).ToArray(),
                rows.Select(r => r.AmountMinor).ToArray(), rows.Select(r => r.Currency).ToArray(), now.UtcDateTime);
        }
        if (changes.RedemptionMoves.Count > 0)
        {
            // An order's last word counts, as it does for its hold.
            var moves = changes.RedemptionMoves.GroupBy(m => m.OrderId).Select(g => g.Last()).ToArray();
            batch.Add("""
                update tickets.discount_redemptions r set status = m.status, updated_at = $4
                  from unnest($2::uuid[], $3::text[]) as m (order_id, status) where r.tenant_id = $1 and r.order_id = m.order_id
                   and r.discount_id = any (select unnest(o.discount_ids) from tickets.orders o where o.tenant_id = $1 and o.id = m.order_id)
                """, tenantId, moves.Select(m => m.OrderId).ToArray(), moves.Select(m => m.Status).ToArray(), now.UtcDateTime);
        }
    }

    private static void AddCounters(NpgsqlBatch batch, Guid tenantId, StockView view)
    {
        var moved = view.Types.Values.Where(t => t.HeldChange != 0 || t.SoldChange != 0).OrderBy(t => t.Id).ToArray();
        if (moved.Length == 0) return;
        var sections = moved.GroupBy(t => t.Section.Id).Select(g => (Id: g.Key, Held: g.Sum(t => t.HeldChange), Sold: g.Sum(t => t.SoldChange))).ToArray();
        batch.Add("""
            update tickets.section_stock s set held = s.held + m.held, sold = s.sold + m.sold
              from unnest($2::uuid[], $3::int[], $4::int[]) as m (section_id, held, sold) where s.tenant_id = $1 and s.section_id = m.section_id
            """, tenantId, sections.Select(s => s.Id).ToArray(), sections.Select(s => s.Held).ToArray(), sections.Select(s => s.Sold).ToArray());
        batch.Add("""
            update tickets.stock s set held = s.held + m.held, sold = s.sold + m.sold
              from unnest($2::uuid[], $3::int[], $4::int[]) as m (ticket_type_id, held, sold) where s.tenant_id = $1 and s.ticket_type_id = m.ticket_type_id
            """, tenantId, moved.Select(t => t.Id).ToArray(), moved.Select(t => t.HeldChange).ToArray(), moved.Select(t => t.SoldChange).ToArray());
    }

    private static void AddHolds(NpgsqlBatch batch, Guid tenantId, StockChanges changes, DateTimeOffset now)
    {
        AddRewrittenHolds(batch, tenantId, changes);
        // A hold that has more rows than before: those are new, like a new hold's.
        NewHeldRow[] rows = [.. changes.Held, .. changes.Rewritten.Values.SelectMany(hold => hold.After.Skip(hold.Before.Count).Select(row => new NewHeldRow(row, hold.EventId)))];
        if (rows.Length > 0)
        {
            batch.Add("""
                insert into tickets.reservations (tenant_id, id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, status, order_id, in_one_step, created_at, expires_at, priced)
                select $1, r.id, r.hold_id, r.event_id, r.ticket_type_id, r.user_id, r.quantity, r.unit_price_minor, r.currency, 'held', nullif(r.order_id, $12), r.order_id <> $12, $11, r.expires_at, r.priced::jsonb
                  from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::int[], $8::bigint[], $9::text[], $10::uuid[], $13::timestamptz[], $14::text[])
                       as r (id, hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, order_id, expires_at, priced)
                """, tenantId, rows.Select(r => r.Row.Id).ToArray(), rows.Select(r => r.Row.HoldId).ToArray(), rows.Select(r => r.EventId).ToArray(),
                rows.Select(r => r.Row.TicketTypeId).ToArray(), rows.Select(r => r.Row.UserId).ToArray(), rows.Select(r => r.Row.Quantity).ToArray(),
                rows.Select(r => r.Row.UnitPriceMinor).ToArray(), rows.Select(r => r.Row.Currency).ToArray(), rows.Select(r => r.Row.OrderId ?? Guid.Empty).ToArray(),
                now.UtcDateTime, Guid.Empty, rows.Select(r => r.Row.ExpiresAt.UtcDateTime).ToArray(), rows.Select(r => r.Row.Priced).ToArray());
        }
        if (changes.HoldsFreed.Count > 0)
        {
            // Before those that are bound: a hold that one payment of this batch left may be taken by the next.
            batch.Add("""
                update tickets.reservations r set order_id = null, is_extended = true where r.tenant_id = $1 and r.id = any ($2) and r.status = 'held'
                """, tenantId, changes.HoldsFreed.Select(f => f.RowId).ToArray());
        }
        if (changes.HoldsBound.Count > 0)
        {
            var bound = changes.HoldsBound;
            batch.Add("""
                update tickets.reservations r set order_id = b.order_id, expires_at = b.expires_at
                  from unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) as b (id, order_id, expires_at)
                 where r.tenant_id = $1 and r.id = any ($2) and r.id = b.id and r.status = 'held'
                """, tenantId, bound.Select(b => b.RowId).ToArray(), bound.Select(b => b.OrderId).ToArray(), bound.Select(b => b.ExpiresAt.UtcDateTime).ToArray());
        }
        if (changes.HoldMoves.Count > 0)
        {
            // A row's last word counts: late money may complete what this same batch expired. Each status is a list of ids and no join: with counts
            // of rows from before a sale, PostgreSQL estimates that hardly a row is held, and plans to compare each held row with each moved one.
            foreach (var moved in changes.HoldMoves.GroupBy(m => m.RowId).Select(g => g.Last()).GroupBy(m => m.Status, m => m.RowId).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                batch.Add("""
                    update tickets.reservations r set status = $3 where r.tenant_id = $1 and r.id = any ($2) and r.status = 'held'
                    """, tenantId, moved.ToArray(), moved.Key);
            }
        }
    }

    // The rows of a hold have consecutive ids: as many as there are both before and after are written over, and what is too much goes. A held row is
    // never deleted (trigger reservations_held_stay), so it is released first.
    private static void AddRewrittenHolds(NpgsqlBatch batch, Guid tenantId, StockChanges changes)
    {
        if (changes.Rewritten.Count == 0) return;
        var kept = changes.Rewritten.Values.SelectMany(hold => hold.After.Take(hold.Before.Count)).ToArray();
        var gone = changes.Rewritten.Values.SelectMany(hold => hold.Before.Skip(hold.After.Count)).Select(row => row.Id).ToArray();
        batch.Add("""
            update tickets.reservations r set ticket_type_id = n.ticket_type_id, quantity = n.quantity, unit_price_minor = n.unit_price_minor, currency = n.currency, priced = n.priced::jsonb
              from unnest($2::uuid[], $3::uuid[], $4::int[], $5::bigint[], $6::text[], $7::text[]) as n (id, ticket_type_id, quantity, unit_price_minor, currency, priced)
             where r.tenant_id = $1 and r.id = any ($2) and r.id = n.id and r.status = 'held'
            """, tenantId, kept.Select(r => r.Id).ToArray(), kept.Select(r => r.TicketTypeId).ToArray(), kept.Select(r => r.Quantity).ToArray(),
            kept.Select(r => r.UnitPriceMinor).ToArray(), kept.Select(r => r.Currency).ToArray(), kept.Select(r => r.Priced).ToArray());
        if (gone.Length == 0) return;
        batch.Add("update tickets.reservations r set status = 'released' where r.tenant_id = $1 and r.id = any ($2) and r.status = 'held'", tenantId, gone);
        batch.Add("delete from tickets.reservations r where r.tenant_id = $1 and r.id = any ($2) and r.status = 'released'", tenantId, gone);
    }

    private static void AddOrders(NpgsqlBatch batch, Guid tenantId, StockChanges changes, DateTimeOffset now)
    {
        if (changes.Orders.Count > 0)
        {
            var orders = changes.Orders;
            batch.Add("""
                insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency, sold_by, discount_ids, created_at, updated_at,
                       contact_email, buyer_name, language, is_guest, seller_name, event_name, venue_name, event_starts_at, event_time_zone)
                select $1, o.id, o.order_number, o.event_id, o.user_id, o.hold_id, o.status, o.total_minor, o.currency, o.sold_by, o.discount_ids::uuid[], $10, $10,
                       o.contact_email, o.buyer_name, o.language, o.is_guest, (select t.name from platform.tenants t where t.id = $1), w.name, w.venue_name, w.starts_at, w.time_zone
                  from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::bigint[], $9::text[], $11::uuid[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bool[])
                       as o (id, order_number, event_id, user_id, hold_id, status, total_minor, currency, sold_by, discount_ids, contact_email, buyer_name, language, is_guest)
                  left join events.sale_window w on w.tenant_id = $1 and w.event_id = o.event_id
                """, tenantId, orders.Select(o => o.Id).ToArray(), orders.Select(o => o.Number).ToArray(), orders.Select(o => o.EventId).ToArray(),
                orders.Select(o => o.UserId).ToArray(), orders.Select(o => o.HoldId).ToArray(), orders.Select(o => o.Status).ToArray(),
                orders.Select(o => o.TotalMinor).ToArray(), orders.Select(o => o.Currency).ToArray(), now.UtcDateTime, orders.Select(o => o.SoldBy).ToArray(),
                orders.Select(o => o.DiscountIds is null ? null : $"{{{string.Join(',', o.DiscountIds)}}}").ToArray(),   // a list a row, as the text of an array
                orders.Select(o => o.Contact.Email).ToArray(), orders.Select(o => o.Contact.Name).ToArray(), orders.Select(o => o.Contact.Language).ToArray(), orders.Select(o => o.Contact.IsGuest).ToArray());
            var items = changes.OrderItems;
            batch.Add("""
                insert into tickets.order_items (tenant_id, order_id, line, ticket_type_id, quantity, unit_price_minor, total_minor, noted_minor, kind, label, rate_bp)
                select $1, i.* from unnest($2::uuid[], $3::int[], $4::uuid[], $5::int[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::int[]) as i
                """, tenantId, items.Select(i => i.OrderId).ToArray(), items.Select(i => i.Line).ToArray(), items.Select(i => i.Of.TicketTypeId).ToArray(),
                items.Select(i => i.Of.Quantity).ToArray(), items.Select(i => i.Of.UnitMinor).ToArray(), items.Select(i => i.Of.TotalMinor).ToArray(),
                items.Select(i => i.Of.NotedMinor).ToArray(), items.Select(i => Word(i.Of.Kind)).ToArray(), items.Select(i => i.Of.Label).ToArray(),
                items.Select(i => i.Of.RateBp).ToArray());
            var payments = changes.Payments;
            batch.Add("""
                insert into tickets.payments (tenant_id, id, order_id, method, token, status, amount_minor, currency, hold_expires_at, next_check_at, created_at, updated_at)
                select $1, p.id, p.order_id, p.method, nullif(p.token, ''), p.status, p.amount_minor, p.currency, p.hold_expires_at, p.next_check_at, $11, $11
                  from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::timestamptz[], $10::timestamptz[])
                       as p (id, order_id, method, token, status, amount_minor, currency, hold_expires_at, next_check_at)
                """, tenantId, payments.Select(p => p.Id).ToArray(), payments.Select(p => p.OrderId).ToArray(), payments.Select(p => p.Method).ToArray(),
                payments.Select(p => p.Token ?? "").ToArray(), payments.Select(p => p.Status).ToArray(), payments.Select(p => p.AmountMinor).ToArray(),
                payments.Select(p => p.Currency).ToArray(), payments.Select(p => p.HoldExpiresAt.UtcDateTime).ToArray(), payments.Select(p => p.NextCheckAt.UtcDateTime).ToArray(), now.UtcDateTime);
        }
        if (changes.OrderMoves.Count > 0)
        {
            // An order's last word counts: what one command of this batch had paid, the next may give back.
            var moves = changes.OrderMoves.GroupBy(m => m.OrderId).Select(g => g.Last() with { Reference = g.Select(m => m.Reference).LastOrDefault(r => r is not null) }).ToArray();
            batch.Add("""
                update tickets.orders o set status = m.status, payment_reference = coalesce(m.reference, o.payment_reference), updated_at = $5
                  from unnest($2::uuid[], $3::text[], $4::text[]) as m (id, status, reference)
                 where o.tenant_id = $1 and o.id = m.id
                   and (o.status in ('payment_pending', 'payment_failed', 'expired')
                        or (o.status in ('paid', 'partially_refunded') and m.status in ('partially_refunded', 'refunded')))
                """, tenantId, moves.Select(m => m.OrderId).ToArray(), moves.Select(m => m.Status).ToArray(), moves.Select(m => m.Reference).ToArray(), now.UtcDateTime);
        }
        if (changes.PaymentMoves.Count > 0)
        {
            var moves = changes.PaymentMoves;
            batch.Add("""
                update tickets.payments p set status = m.status, provider_reference = coalesce(m.reference, p.provider_reference), updated_at = $5
                  from unnest($2::uuid[], $3::text[], $4::text[]) as m (id, status, reference) where p.tenant_id = $1 and p.id = m.id and p.status <> 'succeeded'
                """, tenantId, moves.Select(m => m.PaymentId).ToArray(), moves.Select(m => m.Status).ToArray(), moves.Select(m => m.Reference).ToArray(), now.UtcDateTime);
        }
    }

    private static string Word(PriceLineKind kind) => kind switch
    {
        PriceLineKind.Ticket => "ticket",
        PriceLineKind.Discount => "discount",
        PriceLineKind.Fee => "fee",
        _ => "tax",
    };

    private static void AddTickets(NpgsqlBatch batch, Guid tenantId, StockChanges changes, DateTimeOffset now)
    {
        if (changes.Tickets.Count == 0) return;
        var tickets = changes.Tickets;
        batch.Add("""
            insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, status, face_value_minor, paid_minor, currency, created_at, updated_at)
            select $1, t.id, t.event_id, t.ticket_type_id, t.section_id, t.order_id, t.reservation_id, t.user_id, 'issued', t.face_value_minor, t.paid_minor, t.currency, $12, $12
              from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::bigint[], $10::bigint[], $11::text[])
                   as t (id, event_id, ticket_type_id, section_id, order_id, reservation_id, user_id, face_value_minor, paid_minor, currency)
            """, tenantId, tickets.Select(t => t.Id).ToArray(), tickets.Select(t => t.EventId).ToArray(), tickets.Select(t => t.TicketTypeId).ToArray(),
            tickets.Select(t => t.SectionId).ToArray(), tickets.Select(t => t.OrderId).ToArray(), tickets.Select(t => t.ReservationId).ToArray(),
            tickets.Select(t => t.UserId).ToArray(), tickets.Select(t => t.FaceValueMinor).ToArray(),
            tickets.Select(t => t.PaidMinor).ToArray(), tickets.Select(t => t.Currency).ToArray(), now.UtcDateTime);
    }

    private static void AddAnswers(NpgsqlBatch batch, Guid tenantId, StockChanges changes)
    {
        if (changes.Messages.Count > 0)
        {
            var messages = changes.Messages;
            batch.Add("""
                insert into platform.outbox (tenant_id, id, type, resource_id, data, trace_parent)
                select $1, m.id, m.type, m.resource_id, m.data::jsonb, m.trace_parent
                  from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[]) as m (id, type, resource_id, data, trace_parent)
                """, tenantId, messages.Select(m => m.Id).ToArray(), messages.Select(m => m.Type).ToArray(), messages.Select(m => m.ResourceId).ToArray(), messages.Select(m => m.Data).ToArray(),
                messages.Select(m => m.TraceParent).ToArray());
        }
        if (changes.Forgotten.Count > 0)
        {
            var forgotten = changes.Forgotten;
            batch.Add("""
                delete from platform.idempotency_keys k using unnest($2::uuid[], $3::text[], $4::text[]) as f (user_id, route, key)
                 where k.tenant_id = $1 and k.user_id = f.user_id and k.route = f.route and k.key = f.key
                """, tenantId, forgotten.Select(f => f.UserId).ToArray(), forgotten.Select(f => f.Route).ToArray(), forgotten.Select(f => f.Key).ToArray());
        }
        if (changes.Remembered.Count > 0)
        {
            var kept = changes.Remembered;
            batch.Add("""
                update platform.idempotency_keys k
                   set resource_id = r.order_id, response_status = r.status, response_body = r.body, status = 'done',
                       response_headers = nullif(jsonb_strip_nulls(jsonb_build_object('Location', r.location, 'ETag', r.etag)), '{}')
                  from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::text[], $8::text[], $9::text[])
                       as r (user_id, route, key, order_id, status, body, location, etag)
                 where k.tenant_id = $1 and k.user_id = r.user_id and k.route = r.route and k.key = r.key
                """, tenantId, kept.Select(k => k.Request.UserId).ToArray(), kept.Select(k => k.Request.Route).ToArray(), kept.Select(k => k.Request.Key).ToArray(),
                kept.Select(k => k.OrderId).ToArray(), kept.Select(k => k.Answer.Status).ToArray(), kept.Select(k => k.Answer.Body).ToArray(),
                kept.Select(k => k.Answer.Location).ToArray(), kept.Select(k => k.Answer.ETag).ToArray());
        }
        if (changes.Kept.Count > 0)
        {
            var kept = changes.Kept;
            batch.Add("""
                update platform.idempotency_keys k set response_status = a.status, response_body = a.body, status = 'done'
                  from unnest($2::uuid[], $3::int[], $4::text[]) as a (order_id, status, body)
                 where k.tenant_id = $1 and k.resource_id = a.order_id and k.status = 'running'
                """, tenantId, kept.Select(k => k.OrderId).ToArray(), kept.Select(k => k.Answer.Status).ToArray(), kept.Select(k => k.Answer.Body).ToArray());
        }
    }
}
