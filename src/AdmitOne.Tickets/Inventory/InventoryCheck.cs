using System.Data;
using Dapper;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>One broken promise, with the ids to look at.</summary>
/// <param name="Kind">oversold, leaked, admitted_twice, order_without_tickets or money_mismatch.</param>
/// <param name="Id">The ticket type, section, ticket or order.</param>
public sealed record InventoryProblem(string Kind, Guid EventId, Guid Id, string Detail);

/// <summary>What a recount found. All zero is what the product promises.</summary>
public sealed record InventoryReport(int Types, int Oversold, int Leaked, int AdmittedTwice, int OrdersWithoutTickets, int MoneyMismatch, IReadOnlyList<InventoryProblem> Problems)
{
    public static InventoryReport Of(int types, IReadOnlyList<InventoryProblem> problems)
    {
        int Count(string kind) => problems.Count(p => p.Kind == kind);
        return new InventoryReport(types, Count("oversold"), Count("leaked"), Count("admitted_twice"), Count("order_without_tickets"), Count("money_mismatch"), problems);
    }
}

/// <summary>
/// Recounts everything from its rows. It trusts no counter and no constraint, and reads each event in one REPEATABLE READ snapshot of its
/// own, for as long as its caller allows: a long snapshot bloats the rows that are busiest.
/// </summary>
public static class InventoryCheck
{
    /// <param name="source">As a role that may read the tenant's rows: the service, or the auditor of the command line.</param>
    /// <param name="eventId">Only this event; null for all of the tenant's that have types.</param>
    /// <param name="patience">The longest that one event may take.</param>
    /// <exception cref="NpgsqlException">An event took longer, or the database does not answer.</exception>
    public static async Task<InventoryReport> RunAsync(NpgsqlDataSource source, Guid tenantId, Guid? eventId, TimeSpan patience, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var problems = new List<InventoryProblem>();
        var types = 0;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        IReadOnlyList<Guid> events = eventId is { } one ? [one] : await InTenantAsync<Guid>(connection, tenantId,
            "select distinct event_id from tickets.ticket_types where tenant_id = @tenantId order by event_id", new { tenantId }, patience, cancellationToken);
        foreach (var id in events)
        {
            types += (await InTenantAsync<int>(connection, tenantId,
                "select count(*)::int from tickets.ticket_types where tenant_id = @tenantId and event_id = @id", new { tenantId, id }, patience, cancellationToken))[0];
            problems.AddRange((await InTenantAsync<Row>(connection, tenantId, Sql, new { tenantId, id }, patience, cancellationToken)).Select(r => new InventoryProblem(r.Kind, id, r.Id, r.Detail)));
        }
        return InventoryReport.Of(types, problems);
    }

    private static async Task<IReadOnlyList<T>> InTenantAsync<T>(NpgsqlConnection connection, Guid tenantId, string sql, object parameters, TimeSpan patience, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        // Whole events are joined: where the planner still believes the tables small, it would compare every row with every other. What it may not do
        // looks dear to it, and compiling a dear statement takes longer than the statement.
        await connection.ExecuteAsync(new CommandDefinition("select set_config('app.tenant_id', @tenantId::text, true), set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)", new { tenantId }, transaction, cancellationToken: cancellationToken));
        var rows = await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction, (int)patience.TotalSeconds, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return rows.AsList();
    }

    private const string Sql = """
        with held as (
            select ticket_type_id, sum(quantity)::int as n from tickets.reservations
             where tenant_id = @tenantId and event_id = @id and status = 'held' group by ticket_type_id),
        issued as (
            select ticket_type_id, count(*)::int as n from tickets.tickets
             where tenant_id = @tenantId and event_id = @id and status not in ('refunded', 'cancelled') group by ticket_type_id),
        counted as (
            select s.ticket_type_id as id, s.section_id, s.quantity, s.held, s.sold, coalesce(h.n, 0) as held_rows, coalesce(i.n, 0) as ticket_rows
              from tickets.stock s left join held h using (ticket_type_id) left join issued i using (ticket_type_id)
             where s.tenant_id = @tenantId and s.event_id = @id),
        sections as (
            select p.section_id as id, p.capacity, p.held, p.sold, coalesce(sum(c.held_rows), 0)::int as held_rows, coalesce(sum(c.ticket_rows), 0)::int as ticket_rows
              from tickets.section_stock p left join counted c on c.section_id = p.section_id
             where p.tenant_id = @tenantId and p.event_id = @id group by p.section_id, p.capacity, p.held, p.sold),
        of_order as (
            select order_id, count(*)::int as tickets, (count(*) filter (where status in ('issued', 'blocked')))::int as alive, sum(paid)::bigint as sold_minor,
                   (coalesce(sum(paid) filter (where status not in ('issued', 'blocked')), 0))::bigint as back_minor
              from (select order_id, status, coalesce(paid_minor, face_value_minor) as paid from tickets.tickets where tenant_id = @tenantId and event_id = @id) t group by order_id),
        owed as (
            select r.order_id, sum(r.amount_minor)::bigint as refunded_minor, sum(r.fee_minor)::bigint as fee_minor, sum(r.unassigned_minor)::bigint as loose_minor
              from tickets.refunds r join tickets.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
             where r.tenant_id = @tenantId and o.event_id = @id group by r.order_id),
        bought as (
            select o.id, o.status, o.total_minor, o.currency,
                   (select coalesce(sum(i.quantity), 0) from tickets.order_items i where i.tenant_id = o.tenant_id and i.order_id = o.id and i.kind = 'ticket')::int as wanted,
                   (select coalesce(sum(i.total_minor), 0) from tickets.order_items i where i.tenant_id = o.tenant_id and i.order_id = o.id)::bigint as lines_minor,
                   coalesce(t.tickets, 0) as tickets, coalesce(t.alive, 0) as alive, coalesce(t.sold_minor, 0) as sold_minor, coalesce(t.back_minor, 0) as back_minor,
                   (select coalesce(sum(p.amount_minor), 0) from tickets.payments p
                     where p.tenant_id = o.tenant_id and p.order_id = o.id and p.status = 'succeeded' and p.currency = o.currency)::bigint as paid_minor,
                   coalesce(r.refunded_minor, 0) as refunded_minor, coalesce(r.fee_minor, 0) as fee_minor,
                   coalesce(r.loose_minor, 0) as loose_minor
              from tickets.orders o left join of_order t on t.order_id = o.id left join owed r on r.order_id = o.id
             where o.tenant_id = @tenantId and o.event_id = @id)
        select 'oversold' as kind, id, format('ticket type: quantity %s, held %s, tickets %s', quantity, held_rows, ticket_rows) as detail
          from counted where held_rows + ticket_rows > quantity
        union all
        select 'oversold', id, format('section: capacity %s, held %s, tickets %s', capacity, held_rows, ticket_rows)
          from sections where held_rows + ticket_rows > capacity
        union all
        select 'leaked', id, format('ticket type: counters say held %s and sold %s, rows say %s and %s', held, sold, held_rows, ticket_rows)
          from counted where held <> held_rows or sold <> ticket_rows
        union all
        select 'leaked', id, format('section: counters say held %s and sold %s, rows say %s and %s', held, sold, held_rows, ticket_rows)
          from sections where held <> held_rows or sold <> ticket_rows
        union all
        select 'leaked', d.id, format('discount: its counter says %s used, orders say %s, redemptions %s', d.used, n.orders, n.counted)
          from tickets.discounts d cross join lateral (
                   select count(*) filter (where o.status in ('payment_pending', 'paid', 'partially_refunded'))::int as orders, count(*) filter (where r.status = 'counted')::int as counted
                     from tickets.discount_redemptions r join tickets.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
                    where r.tenant_id = d.tenant_id and r.discount_id = d.id) n
         where d.tenant_id = @tenantId and (d.used <> n.orders or d.used <> n.counted)
           and exists (select 1 from tickets.discount_redemptions r join tickets.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
                        where r.tenant_id = d.tenant_id and r.discount_id = d.id and o.event_id = @id)
        union all
        select 'admitted_twice', v.ticket_id, format('%s admissions at the gate', count(*))
          from tickets.ticket_validations v join events.sale_window w on w.tenant_id = v.tenant_id and w.event_id = v.event_id
         where v.tenant_id = @tenantId and v.event_id = @id and v.result = 'admitted' and v.direction = 'in' and not w.re_entry
         group by v.ticket_id having count(*) > 1
        union all
        select 'admitted_twice', a.ticket_id, format('%s admissions on the books', count(*))
          from tickets.admissions a where a.tenant_id = @tenantId and a.event_id = @id group by a.ticket_id having count(*) > 1
        union all
        select 'order_without_tickets', id, format('order %s: %s tickets bought, %s there, %s of them good', status, wanted, tickets, alive)
          from bought where (status in ('paid', 'partially_refunded') and tickets <> wanted) or (status = 'refunded' and tickets not in (0, wanted))
            or (status in ('payment_pending', 'payment_failed', 'expired') and tickets > 0)
            or (tickets = wanted and status <> case alive when tickets then 'paid' when 0 then 'refunded' else 'partially_refunded' end)
        union all
        select 'order_without_tickets', t.id, 'a ticket of an order that is not there'
          from tickets.tickets t where t.tenant_id = @tenantId and t.event_id = @id
           and not exists (select 1 from tickets.orders o where o.tenant_id = t.tenant_id and o.id = t.order_id)
        union all
        select 'money_mismatch', id, format('order %s: total %s, lines %s, paid %s, tickets %s, of which given back %s; refunded %s, of which for no ticket %s, and kept as fee %s %s',
               status, total_minor, lines_minor, paid_minor, sold_minor, back_minor, refunded_minor, loose_minor, fee_minor, currency)
          -- What went back for no ticket (a partial refund in the provider's dashboard) is not paid again for the tickets that are given back later.
          from bought where total_minor <> lines_minor
            or (status in ('paid', 'partially_refunded', 'refunded') and paid_minor <> total_minor)
            or (status in ('payment_pending', 'payment_failed', 'expired') and paid_minor + refunded_minor > 0)
            or (tickets = wanted and (sold_minor <> total_minor or refunded_minor - loose_minor + fee_minor not between back_minor - loose_minor and back_minor))
            or (tickets = 0 and status = 'refunded' and refunded_minor <> paid_minor)
            or refunded_minor > paid_minor or (loose_minor = 0 and refunded_minor + fee_minor > paid_minor)
        """;

    private sealed class Row
    {
        public string Kind { get; init; } = "";
        public Guid Id { get; init; }
        public string Detail { get; init; } = "";
    }
}
