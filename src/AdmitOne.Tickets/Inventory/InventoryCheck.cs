using System.Data;
using AdmitOne.Platform.Postgres;
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
/// Recounts everything from its rows, an event at a time in three steps: its stock, its door, its orders and their money. It trusts no counter and no
/// constraint. Each step is one statement, so it sees one moment, and none holds a snapshot for longer than it takes.
/// </summary>
public static class InventoryCheck
{
    /// <param name="source">As a role that may read the tenant's rows: the service, or the auditor of the command line.</param>
    /// <param name="eventId">Only this event; null for all of the tenant's that have types.</param>
    /// <param name="longest">The longest that one step may take, whatever the role's own limit is.</param>
    /// <param name="cancellationToken">Ends it between two answers of the database.</param>
    /// <exception cref="NpgsqlException">A step took longer, or the database does not answer.</exception>
    public static async Task<InventoryReport> RunAsync(NpgsqlDataSource source, Guid tenantId, Guid? eventId, TimeSpan longest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (types, problems) = (0, new List<InventoryProblem>());
        foreach (var id in eventId is { } one ? [one] : await ListEventsAsync(source, tenantId, longest, cancellationToken))
        {
            var found = await CheckEventAsync(source, tenantId, id, longest, cancellationToken);
            types += found.Types;
            problems.AddRange(found.Problems);
        }
        return InventoryReport.Of(types, problems);
    }

    /// <summary>The tenant's events that have ticket types, in the order of their ids.</summary>
    internal static Task<IReadOnlyList<Guid>> ListEventsAsync(NpgsqlDataSource source, Guid tenantId, TimeSpan longest, CancellationToken cancellationToken) =>
        InTenantAsync<Guid>(source, tenantId, isMost: true, "select distinct event_id from tickets.ticket_types where tenant_id = @tenantId order by event_id", new { tenantId }, longest, cancellationToken);

    /// <inheritdoc cref="RunAsync"/>
    internal static async Task<(int Types, IReadOnlyList<InventoryProblem> Problems)> CheckEventAsync(
        NpgsqlDataSource source, Guid tenantId, Guid id, TimeSpan longest, CancellationToken cancellationToken)
    {
        var size = (await InTenantAsync<Size>(source, tenantId, isMost: true, """
            select (select count(*)::int from tickets.ticket_types where tenant_id = @tenantId and event_id = @id) as types,
                   (select count(*) from tickets.tickets where tenant_id = @tenantId and event_id = @id) as tickets,
                   (select reltuples::bigint from pg_catalog.pg_class where oid = 'tickets.tickets'::regclass) as all_tickets
            """, new { tenantId, id }, longest, cancellationToken))[0];
        var isMost = size.Tickets * 10 > size.AllTickets;
        var problems = new List<InventoryProblem>();
        foreach (var sql in new[] { Stock, Door(isMost), Orders(isMost) })
            problems.AddRange((await InTenantAsync<Row>(source, tenantId, isMost, sql, new { tenantId, id }, longest, cancellationToken)).Select(r => new InventoryProblem(r.Kind, id, r.Id, r.Detail)));
        return (size.Types, problems);
    }

    private static async Task<IReadOnlyList<T>> InTenantAsync<T>(
        NpgsqlDataSource source, Guid tenantId, bool isMost, string sql, object parameters, TimeSpan longest, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        // Where most of the rows are joined and the planner still takes the tables for small, it would compare every row with every other. What it may not
        // do looks dear to it, and compiling a dear statement takes longer than the statement.
        await connection.ExecuteAsync(new CommandDefinition("""
            select set_config('app.tenant_id', @tenantId::text, true), set_config('statement_timeout', @Milliseconds, true), set_config('work_mem', '64MB', true),
                   set_config('enable_nestloop', @NestedLoops, true), set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)
            """, new { tenantId, Milliseconds = $"{longest.TotalMilliseconds:F0}", NestedLoops = isMost ? "off" : "on" }, transaction, cancellationToken: cancellationToken));
        var rows = await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction, (int)longest.TotalSeconds + 1, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return rows.AsList();
    }

    private const string Stock = """
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
             where p.tenant_id = @tenantId and p.event_id = @id group by p.section_id, p.capacity, p.held, p.sold)
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
        """;

    /// <param name="isMost">Whether the event is so much of all there is that its rows are found faster among all of the tenant's than one by one.</param>
    private static string Door(bool isMost) => $"""
        select 'admitted_twice' as kind, v.ticket_id as id, format('%s admissions at the gate', count(*)) as detail
          from tickets.ticket_validations v join events.sale_window w on w.tenant_id = v.tenant_id and w.event_id = v.event_id
         where v.tenant_id = @tenantId and v.event_id = @id and v.result = 'admitted' and v.direction = 'in' and not w.re_entry
           {Where.And(!isMost, "v.ticket_id in (select t.id from tickets.tickets t where t.tenant_id = @tenantId and t.event_id = @id)")}
         group by v.ticket_id having count(*) > 1
        union all
        select 'admitted_twice', a.ticket_id, format('%s admissions on the books', count(*))
          from tickets.admissions a where a.tenant_id = @tenantId and a.event_id = @id group by a.ticket_id having count(*) > 1
        """;

    private const string TicketsMissing = """
        ((status in ('paid', 'partially_refunded') and tickets <> wanted) or (status = 'refunded' and tickets not in (0, wanted))
            or (status in ('payment_pending', 'payment_failed', 'expired') and tickets > 0)
            or (tickets = wanted and status <> case alive when tickets then 'paid' when 0 then 'refunded' else 'partially_refunded' end))
        """;

    // What went back for no ticket (a partial refund in the provider's dashboard) is not paid again for the tickets that are given back later.
    private const string MoneyMissing = """
        (total_minor <> lines_minor
            or (status in ('paid', 'partially_refunded', 'refunded') and paid_minor <> total_minor)
            or (status in ('payment_pending', 'payment_failed', 'expired') and paid_minor + refunded_minor > 0)
            or (tickets = wanted and (sold_minor <> total_minor or refunded_minor - loose_minor + fee_minor not between back_minor - loose_minor and back_minor))
            or (tickets = 0 and status = 'refunded' and refunded_minor <> paid_minor)
            or refunded_minor > paid_minor or (loose_minor = 0 and refunded_minor + fee_minor > paid_minor))
        """;

    /// <inheritdoc cref="Door"/>
    private static string Orders(bool isMost)
    {
        var ofEvent = Where.And(!isMost, "order_id in (select o.id from tickets.orders o where o.tenant_id = @tenantId and o.event_id = @id)");
        return $"""
            with of_order as (
                select order_id, count(*)::int as tickets, (count(*) filter (where status in ('issued', 'blocked')))::int as alive, sum(coalesce(paid_minor, face_value_minor))::bigint as sold_minor,
                       (coalesce(sum(coalesce(paid_minor, face_value_minor)) filter (where status not in ('issued', 'blocked')), 0))::bigint as back_minor
                  from tickets.tickets where tenant_id = @tenantId and event_id = @id group by order_id),
            lines as (
                select order_id, (coalesce(sum(quantity) filter (where kind = 'ticket'), 0))::int as wanted, sum(total_minor)::bigint as lines_minor
                  from tickets.order_items where tenant_id = @tenantId{ofEvent} group by order_id),
            paid as (
                select order_id, currency, sum(amount_minor)::bigint as paid_minor
                  from tickets.payments where tenant_id = @tenantId and status = 'succeeded'{ofEvent} group by order_id, currency),
            owed as (
                select order_id, sum(amount_minor)::bigint as refunded_minor, sum(fee_minor)::bigint as fee_minor, sum(unassigned_minor)::bigint as loose_minor
                  from tickets.refunds where tenant_id = @tenantId{ofEvent} group by order_id),
            bought as (
                select o.id, t.order_id as tickets_order_id, o.status, o.total_minor, o.currency, coalesce(l.wanted, 0) as wanted, coalesce(l.lines_minor, 0) as lines_minor,
                       coalesce(t.tickets, 0) as tickets, coalesce(t.alive, 0) as alive, coalesce(t.sold_minor, 0) as sold_minor, coalesce(t.back_minor, 0) as back_minor,
                       coalesce(p.paid_minor, 0) as paid_minor, coalesce(r.refunded_minor, 0) as refunded_minor, coalesce(r.fee_minor, 0) as fee_minor,
                       coalesce(r.loose_minor, 0) as loose_minor
                  from (select * from tickets.orders where tenant_id = @tenantId and event_id = @id) o
                  full join of_order t on t.order_id = o.id
                  left join lines l on l.order_id = o.id
                  left join paid p on p.order_id = o.id and p.currency = o.currency
                  left join owed r on r.order_id = o.id),
            wrong as materialized (
                select * from bought where id is null or {TicketsMissing} or {MoneyMissing})
            select 'order_without_tickets' as kind, id, format('order %s: %s tickets bought, %s there, %s of them good', status, wanted, tickets, alive) as detail
              from wrong where id is not null and {TicketsMissing}
            union all
            select 'order_without_tickets', t.id, 'a ticket of an order that is not there'
              from wrong w join tickets.tickets t on t.tenant_id = @tenantId and t.event_id = @id and t.order_id = w.tickets_order_id
             where w.id is null and not exists (select from tickets.orders o where o.tenant_id = @tenantId and o.id = t.order_id)
            union all
            select 'money_mismatch', id, format('order %s: total %s, lines %s, paid %s, tickets %s, of which given back %s; refunded %s, of which for no ticket %s, and kept as fee %s %s',
                   status, total_minor, lines_minor, paid_minor, sold_minor, back_minor, refunded_minor, loose_minor, fee_minor, currency)
              from wrong where id is not null and {MoneyMissing}
            """;
    }

    private sealed class Size
    {
        public int Types { get; init; }
        public long Tickets { get; init; }
        public long AllTickets { get; init; }
    }

    private sealed class Row
    {
        public string Kind { get; init; } = "";
        public Guid Id { get; init; }
        public string Detail { get; init; } = "";
    }
}
