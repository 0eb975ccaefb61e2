using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Lanes;
using AdmitOne.Tickets.Pricing;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>
/// The first round trip of a batch: begin, tenant, idempotency keys, the event's gate, the locks in their one order (discounts, sections,
/// types, by id), and then everything that must be known. Each statement has a snapshot of its own, so what follows a lock sees what its last
/// holder committed. No reservation changes without its type's stock lock, which is why their rows need no locks of their own. A batch that has
/// no use for a statement does not send it: most batches are nothing but holds.
/// </summary>
internal static class StockReads
{
    /// <summary>Releases at most this many expired rows in one batch; the rest waits for the next.</summary>
    public const int MaxExpired = 1000;

    public static async Task<StockView> RunAsync(
        NpgsqlConnection connection, IReadOnlyList<StockCommand> commands, HoldRules rules, CancellationToken cancellationToken)
    {
        var (tenantId, eventId) = (commands[0].TenantId, commands[0].EventId);
        var types = commands.SelectMany(c => c.TicketTypeIds).Distinct().Order().ToArray();
        var holds = commands.Select(c => c.HoldId).OfType<Guid>().Distinct().ToArray();
        var orders = commands.Select(c => c.OrderId).OfType<Guid>().Distinct().ToArray();
        var customers = commands.Select(c => c.CustomerId).OfType<Guid>().Distinct().ToArray();
        var holders = commands.Where(c => c.MayHoldUnpaid).Select(c => c.CustomerId).OfType<Guid>().Distinct().ToArray();
        var codes = commands.SelectMany(c => c.Discounts.Codes).Distinct().ToArray();
        var discountIds = commands.SelectMany(c => c.Discounts.Ids).Distinct().ToArray();
        var hasDiscounts = codes.Length > 0 || discountIds.Length > 0;
        var refunded = commands.Select(c => c.TicketsOf).OfType<Guid>().Distinct().ToArray();
        var requests = commands.Select(c => c.Request).OfType<KeyedRequest>().DistinctBy(r => (r.UserId, r.Route, r.Key))
            .OrderBy(r => r.UserId).ThenBy(r => r.Route, StringComparer.Ordinal).ThenBy(r => r.Key, StringComparer.Ordinal).ToArray();

        await using var batch = new NpgsqlBatch(connection);
        batch.Begin(tenantId);
        if (requests.Length > 0)
        {
            var (users, routes, keys) = (requests.Select(r => r.UserId).ToArray(), requests.Select(r => r.Route).ToArray(), requests.Select(r => r.Key).ToArray());
            batch.Add("""
                insert into platform.idempotency_keys (tenant_id, user_id, route, key, fingerprint, status, resource_id)
                select $1, r.user_id, r.route, r.key, r.fingerprint, 'running', r.order_id
                  from unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::uuid[]) as r (user_id, route, key, fingerprint, order_id)
                on conflict do nothing returning user_id, route, key
                """, tenantId, users, routes, keys, requests.Select(r => r.Fingerprint).ToArray(), requests.Select(r => r.OrderId).ToArray());
            batch.Add("""
                select k.user_id, k.route, k.key, k.fingerprint, k.response_status, k.response_body
                  from platform.idempotency_keys k join unnest($2::uuid[], $3::text[], $4::text[]) as r (user_id, route, key)
                    on k.user_id = r.user_id and k.route = r.route and k.key = r.key
                 where k.tenant_id = $1
                """, tenantId, users, routes, keys);
        }
        if (holders.Length == 0) batch.Add("select pg_advisory_xact_lock_shared($1)", EventGate.Key(eventId));
        else batch.Add("select pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)", EventGate.Key(eventId), UnpaidKey(eventId));
        batch.Add("select status, sales_start_at, sales_end_at, buyer_policy from events.sale_window where tenant_id = $1 and event_id = $2", tenantId, eventId);
        if (hasDiscounts)
        {
            var mayCount = commands.Any(c => c.CountsUses && !c.Discounts.IsEmpty);
            batch.Add($"select {DiscountTerms.Column}, d.deleted_at is not null from tickets.discounts d where {NamedDiscounts} order by d.id {(mayCount ? "for no key update" : "")}",
                tenantId, discountIds, codes);
            batch.Add($"""
                select r.discount_id, r.user_id, count(*)::int from tickets.discount_redemptions r
                 where r.tenant_id = $1 and r.status = 'counted' and r.user_id = any ($4)
                   and r.discount_id in (select d.id from tickets.discounts d where {NamedDiscounts} and d.max_uses_per_customer is not null)
                 group by r.discount_id, r.user_id
                """, tenantId, discountIds, codes, customers);
        }
        batch.Add("""
            select section_id, capacity, held, sold from tickets.section_stock
             where tenant_id = $1 and section_id in (select section_id from tickets.stock where tenant_id = $1 and ticket_type_id = any ($2))
             order by section_id for no key update
            """, tenantId, types);
        batch.Add("""
            select s.ticket_type_id, s.section_id, s.quantity, s.held, s.sold from tickets.stock s
             where s.tenant_id = $1 and s.ticket_type_id = any ($2) and s.event_id = $3 order by s.ticket_type_id for no key update
            """, tenantId, types, eventId);
        batch.Add("select clock_timestamp()");
        batch.Add($"""
            select t.id, t.name, t.price_minor, t.currency, t.min_per_order, t.max_per_order, t.max_per_customer, t.sales_start_at, t.sales_end_at, t.deleted_at is not null,
                   {PricePolicy.Column}
              from tickets.ticket_types t where t.tenant_id = $1 and t.id = any ($2)
            """, tenantId, types);
        if (holds.Length > 0)
        {
            batch.Add($"""
                select {HeldColumns} from unnest($2::uuid[], $3::uuid[]) as h (first, last) cross join lateral
                       (select * from tickets.reservations where tenant_id = $1 and id between h.first and h.last order by id) r
                """, tenantId, holds, Array.ConvertAll(holds, HoldIds.LastRow));
        }
        if (orders.Length > 0)
        {
            batch.Add("""
                select o.id, o.order_number, o.user_id, o.hold_id, o.status, o.total_minor, o.currency, p.id, p.status, o.discount_ids
                  from tickets.orders o join tickets.payments p on p.tenant_id = o.tenant_id and p.order_id = o.id
                 where o.tenant_id = $1 and o.id = any ($2)
                """, tenantId, orders);
        }
        // statement_timestamp() is as late as the locks and, unlike clock_timestamp(), is a bound that an index can be searched with.
        batch.Add($"""
            select {HeldColumns} from tickets.reservations r
             where r.status = 'held' and r.expires_at <= statement_timestamp() and r.tenant_id = $1 and r.ticket_type_id = any ($2) order by r.expires_at limit {MaxExpired}
            """, tenantId, types);
        if (customers.Length > 0)
        {
            // Beginning with the types that have a limit: where none has, nothing more is looked at. The filter, and not a condition, keeps the
            // planner to the customer's own rows: by the type it would find everybody's.
            batch.Add("""
                select c.user_id, l.id,
                       ((select coalesce(sum(r.quantity) filter (where r.ticket_type_id = l.id and r.status = 'held' and r.expires_at > statement_timestamp()), 0)
                           from tickets.reservations r where r.tenant_id = $1 and r.user_id = c.user_id)
                      + (select count(*) from tickets.tickets t
                          where t.tenant_id = $1 and t.user_id = c.user_id and t.ticket_type_id = l.id and t.status in ('issued', 'blocked')))::int
                  from tickets.ticket_types l cross join unnest($2::uuid[]) as c (user_id)
                 where l.tenant_id = $1 and l.id = any ($3) and l.max_per_customer is not null
                """, tenantId, customers, types);
        }
        if (holders.Length > 0)
        {
            // Of all types of the event, also of those that this batch does not lock. The bound on created_at, above the longest life of a hold, spares what is long over.
            batch.Add("""
                select c.user_id, (select coalesce(sum(r.quantity) filter (where r.event_id = $3 and r.status = 'held' and r.expires_at > statement_timestamp()), 0)
                                     from tickets.reservations r where r.tenant_id = $1 and r.user_id = c.user_id and r.created_at > statement_timestamp() - interval '3 days')::int
                  from unnest($2::uuid[]) as c (user_id)
                """, tenantId, holders, eventId);
        }
        if (refunded.Length > 0) RefundReads.Add(batch, tenantId, eventId, refunded);

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var first = requests.Length == 0 ? [] : (await reader.NextListAsync(r => (r.GetGuid(0), r.GetString(1), r.GetString(2)), cancellationToken)).ToHashSet();
        var known = requests.Length == 0 ? [] : await reader.NextListAsync(r => (Key: (r.GetGuid(0), r.GetString(1), r.GetString(2)),
            Request: new KnownRequest(r.GetFieldValue<byte[]>(3), r.IsDBNull(4) ? null : new StoredAnswer(r.GetInt32(4), r.GetString(5)))), cancellationToken);
        await reader.NextResultAsync(cancellationToken);   // the gate
        var window = await reader.NextListAsync(r => new SaleWindow(r.GetString(0), r.Instant(1), r.Instant(2)) { BuyerPolicy = r.GetString(3) }, cancellationToken);
        var discounts = !hasDiscounts ? [] : await reader.NextListAsync(r => new DiscountState(DiscountTerms.Read(r.GetString(0)), r.GetBoolean(1)), cancellationToken);
        foreach (var (discount, customer, uses) in !hasDiscounts ? [] : await reader.NextListAsync(r => (r.GetGuid(0), r.GetGuid(1), r.GetInt32(2)), cancellationToken))
            discounts.Single(d => d.Terms.Id == discount).ByCustomer[customer] = uses;
        var sections = (await reader.NextListAsync(r => new SectionState(r.GetGuid(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3)), cancellationToken)).ToDictionary(s => s.Id);
        var stock = await reader.NextListAsync(r => (Id: r.GetGuid(0), Section: r.GetGuid(1), Quantity: r.GetInt32(2), Held: r.GetInt32(3), Sold: r.GetInt32(4)), cancellationToken);
        var now = (await reader.NextListAsync(r => r.Instant(0), cancellationToken))[0];
        var facts = (await reader.NextListAsync(r => (Id: r.GetGuid(0), Name: r.GetString(1), Price: r.GetInt64(2), Currency: r.GetString(3), Min: r.GetInt32(4), Max: r.GetInt32(5),
            PerCustomer: r.IsDBNull(6) ? (int?)null : r.GetInt32(6), From: r.InstantOrNull(7), Until: r.InstantOrNull(8), Deleted: r.GetBoolean(9),
            Policy: r.IsDBNull(10) ? null : r.GetString(10)), cancellationToken)).ToDictionary(f => f.Id);
        var held = holds.Length == 0 ? [] : await reader.NextListAsync(ReadHeld, cancellationToken);
        var orderRows = orders.Length == 0 ? [] : await reader.NextListAsync(r => new OrderState(r.GetGuid(0), r.GetString(1), r.IsDBNull(2) ? null : r.GetGuid(2), r.GetGuid(3), r.GetString(4), r.GetInt64(5), r.GetString(6),
            r.GetGuid(7), r.GetString(8), r.IsDBNull(9) ? null : r.GetFieldValue<Guid[]>(9)), cancellationToken);
        var expired = await reader.NextListAsync(ReadHeld, cancellationToken);
        var owned = customers.Length == 0 ? [] : await reader.NextListAsync(r => (Key: (r.GetGuid(0), r.GetGuid(1)), Quantity: r.GetInt32(2)), cancellationToken);
        var unpaid = holders.Length == 0 ? [] : await reader.NextListAsync(r => (UserId: r.GetGuid(0), Places: r.GetInt32(1)), cancellationToken);
        var (tickets, refundPolicy, refunds) = refunded.Length == 0 ? ([], null, []) : await RefundReads.ReadAsync(reader, cancellationToken);

        var view = new StockView
        {
            Now = now,
            Rules = rules,
            Unpaid = unpaid.ToDictionary(u => u.UserId, u => u.Places),
            Window = window.FirstOrDefault(),
            Types = stock.Where(s => facts.ContainsKey(s.Id)).ToDictionary(s => s.Id, s => new TypeState(s.Id, sections[s.Section], s.Quantity, (s.Held, s.Sold))
            {
                Name = facts[s.Id].Name,
                PriceMinor = facts[s.Id].Price,
                Currency = facts[s.Id].Currency,
                MinPerOrder = facts[s.Id].Min,
                MaxPerOrder = facts[s.Id].Max,
                MaxPerCustomer = facts[s.Id].PerCustomer,
                SalesStartAt = facts[s.Id].From,
                SalesEndAt = facts[s.Id].Until,
                IsDeleted = facts[s.Id].Deleted,
                PricePolicy = PricePolicy.Read(facts[s.Id].Policy),
            }),
            Holds = held.GroupBy(h => h.HoldId).ToDictionary(g => g.Key, g => g.ToList()),
            Orders = orderRows.ToDictionary(o => o.Id),
            Tickets = refunded.ToDictionary(id => id, id => tickets.FindAll(t => t.OrderId == id)),
            Refunds = refunded.ToDictionary(id => id, id => refunds.FindAll(r => r.OrderId == id)),
            RefundPolicy = refundPolicy,
            Owned = owned.ToDictionary(o => o.Key, o => o.Quantity),
            Discounts = discounts,
            Requests = known.Where(k => !first.Contains(k.Key)).ToDictionary(k => k.Key, k => k.Request),
            Expired = expired.Where(e => e.ExpiresAt <= now).ToArray(),
        };
        return view;
    }

    // Two types of one event may be held through two replicas at once; what a customer has unpaid is counted over both.
    private static long UnpaidKey(Guid eventId) => EventGate.Key(eventId) ^ 0x756e70616964;   // "unpaid" in ASCII

    private const string HeldColumns = "r.id, r.hold_id, r.ticket_type_id, r.user_id, r.quantity, r.unit_price_minor, r.currency, r.status, r.order_id, r.expires_at, r.priced::text, r.in_one_step, r.is_extended";

    private const string NamedDiscounts = "d.tenant_id = $1 and (d.id = any ($2) or (upper(d.code) = any ($3) and d.deleted_at is null))";

    private static HeldRow ReadHeld(NpgsqlDataReader r) =>
        new(r.GetGuid(0), r.GetGuid(1), r.GetGuid(2), r.GetGuid(3), r.GetInt32(4), r.GetInt64(5), r.GetString(6), r.GetString(7), r.IsDBNull(8) ? null : r.GetGuid(8), r.Instant(9),
            r.IsDBNull(10) ? null : r.GetString(10))
        { InOneStep = r.GetBoolean(11), IsExtended = r.GetBoolean(12) };
}
