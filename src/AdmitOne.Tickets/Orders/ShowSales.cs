using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>How an event sells, counted from its rows.</summary>
/// <param name="Days">By the calendar of the event's own time zone: sold on the day of the order, refunded on the day of the refund.</param>
public sealed record EventSales(Guid EventId, SalesTotals Totals, IReadOnlyList<TypeSales> Types, IReadOnlyList<DaySales> Days);

/// <param name="Sold">Tickets that are good now.</param>
/// <param name="Refunded">Given back or cancelled.</param>
/// <param name="Scanned">Let in at least once.</param>
/// <param name="Money">One entry a currency.</param>
public sealed record SalesTotals(int Quantity, int Held, int Sold, int Refunded, int Scanned, IReadOnlyList<SalesMoney> Money);

/// <param name="Paid">What came in for tickets, those that were given back later included.</param>
/// <param name="Refunded">What has gone or is going back for them.</param>
/// <param name="FeesKept">What refunds left here.</param>
/// <param name="Kept">Paid, less refunded.</param>
public sealed record SalesMoney(Money Paid, Money Refunded, Money FeesKept, Money Kept)
{
    internal static SalesMoney Of((long PaidMinor, long RefundedMinor, long FeesMinor) sum, string currency) => new(Money.Of(sum.PaidMinor, currency),
        Money.Of(sum.RefundedMinor, currency), Money.Of(sum.FeesMinor, currency), Money.Of(sum.PaidMinor - sum.RefundedMinor, currency));
}

/// <param name="Paid">What came in for tickets of this type.</param>
/// <param name="GivenBack">What had been paid for those that were given back, before any fee.</param>
public sealed record TypeSales(Guid TicketTypeId, string Name, int Quantity, int Held, int Sold, int Refunded, int Scanned, Money Paid, Money GivenBack);

/// <param name="Sold">Tickets issued that day, whatever became of them.</param>
public sealed record DaySales(DateOnly Day, int Sold, int Refunded, SalesMoney Money);

internal static class ShowSales
{
    private static readonly SalesMoney s_money = SalesMoney.Of((27_000, 4_050, 450), "EUR");

    private static readonly EventSales s_example = new(ExampleSale.Event, new SalesTotals(800, 2, 5, 1, 3, [s_money]),
        [new TypeSales(ExampleSale.TicketType, ExampleSale.TypeName, 800, 2, 5, 1, 3, Money.Of(27_000, "EUR"), Money.Of(4_500, "EUR"))], [new DaySales(new DateOnly(2026, 10, 1), 6, 1, s_money)]);

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/sales", HandleAsync)
            .WithName("ShowSales").WithSummary("How an event sells: by type and by day, held, sold, refunded, scanned, and the money").WithRateTier(RateTier.Read)
            .WithAnswerExample(s_example).MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.TooManyAtOnce, PlatformProblems.Overloaded);

    private static async Task<Results<Ok<EventSales>, Refusal>> HandleAsync(Guid eventId, Caller caller, HttpContext context, SalesReports reports, CancellationToken cancellationToken)
    {
        var report = await reports.ReadAsync(caller, eventId, cancellationToken);
        context.NeverCache();
        return report.Sales is { } sales ? TypedResults.Ok(sales) : report.Refusal!;
    }
}

/// <summary>How an event sells, or why it cannot be said.</summary>
internal sealed record SalesReport(EventSales? Sales, Refusal? Refusal);

/// <summary>Counts how an event sells, once for everybody who asks meanwhile.</summary>
internal sealed class SalesReports
{
    private readonly Database _database;
    private readonly ReportBounds _bounds;
    private readonly SharedReport<SalesReport> _shared;

    public SalesReports(Database database, ReportBounds bounds, TimeProvider clock) =>
        (_database, _bounds, _shared) = (database, bounds, new SharedReport<SalesReport>(ReadAsync, report => report.Sales is not null, clock));

    public async Task<SalesReport> ReadAsync(Caller caller, Guid eventId, CancellationToken cancellationToken)
    {
        var (call, refusal) = _bounds.Open(caller.TenantId, caller.UserId);
        using (call) return call is null ? new SalesReport(null, refusal) : await _shared.ReadAsync(caller.TenantId, eventId, cancellationToken);
    }

    private async Task<SalesReport> ReadAsync(Guid tenantId, Guid eventId)
    {
        var cancellationToken = CancellationToken.None;   // a statement ends by its own limit
        var (place, refusal) = await _bounds.EnterAsync(tenantId, eventId, cancellationToken);
        if (place is null) return new SalesReport(null, refusal);
        using var held = place;
        await using var work = await _database.BeginAsync(tenantId, cancellationToken);
        await work.BecomeReportAsync(cancellationToken);
        if (await work.FindAsync<string>("select time_zone from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is not { } timeZone)
            return new SalesReport(null, PlatformProblems.NotFound.With("There is no such event."));
        var types = await work.QueryAsync<TypeRow>("""
            with counted as (
                select t.ticket_type_id, (count(*) filter (where t.status in ('issued', 'blocked')))::int as sold, (count(*) filter (where t.status not in ('issued', 'blocked')))::int as dead,
                       count(a.ticket_id)::int as scanned, sum(coalesce(t.paid_minor, t.face_value_minor))::bigint as paid_minor,
                       coalesce(sum(coalesce(t.paid_minor, t.face_value_minor)) filter (where t.status not in ('issued', 'blocked')), 0)::bigint as back_minor
                  from tickets.tickets t left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id and a.event_id = t.event_id
                 where t.tenant_id = @tenantId and t.event_id = @eventId group by t.ticket_type_id)
            select y.id, y.name, y.currency, s.quantity, s.held, coalesce(c.sold, 0) as sold, coalesce(c.dead, 0) as dead, coalesce(c.scanned, 0) as scanned,
                   coalesce(c.paid_minor, 0) as paid_minor, coalesce(c.back_minor, 0) as back_minor
              from tickets.ticket_types y
              join tickets.stock s on s.tenant_id = y.tenant_id and s.ticket_type_id = y.id
              left join counted c on c.ticket_type_id = y.id
             where y.tenant_id = @tenantId and y.event_id = @eventId and (y.deleted_at is null or c.ticket_type_id is not null) order by y.created_at, y.id
            """, new { tenantId, eventId }, cancellationToken);
        var days = await work.QueryAsync<DayRow>("""
            with sold as (
                select (o.created_at at time zone @timeZone)::date as day, o.currency, count(*)::int as sold, sum(coalesce(t.paid_minor, t.face_value_minor))::bigint as paid_minor
                  from tickets.orders o join tickets.tickets t on t.tenant_id = o.tenant_id and t.order_id = o.id
                 where o.tenant_id = @tenantId and o.event_id = @eventId and t.tenant_id = @tenantId and t.event_id = @eventId group by 1, 2),
            gone as (
                select t.refund_id, count(*)::int as tickets from tickets.tickets t
                 where t.tenant_id = @tenantId and t.event_id = @eventId and t.refund_id is not null group by 1),
            back as (
                select (r.created_at at time zone @timeZone)::date as day, r.currency, sum(r.amount_minor)::bigint as refunded_minor, sum(r.fee_minor)::bigint as fees_minor,
                       coalesce(sum(g.tickets), 0)::int as refunded
                  from tickets.orders o
                  join tickets.refunds r on r.tenant_id = o.tenant_id and r.order_id = o.id
                  left join gone g on g.refund_id = r.id
                 where o.tenant_id = @tenantId and o.event_id = @eventId and exists (select from tickets.tickets t where t.tenant_id = o.tenant_id and t.order_id = o.id) group by 1, 2)
            select day, currency, coalesce(s.sold, 0) as sold, coalesce(b.refunded, 0) as refunded, coalesce(s.paid_minor, 0) as paid_minor,
                   coalesce(b.refunded_minor, 0) as refunded_minor, coalesce(b.fees_minor, 0) as fees_minor
              from sold s full join back b using (day, currency) order by day, currency
            """, new { tenantId, eventId, timeZone }, cancellationToken);

        return new SalesReport(new EventSales(eventId,
            new SalesTotals(types.Sum(t => t.Quantity), types.Sum(t => t.Held), types.Sum(t => t.Sold), types.Sum(t => t.Dead), types.Sum(t => t.Scanned),
                days.GroupBy(d => d.Currency).Select(c => SalesMoney.Of((c.Sum(d => d.PaidMinor), c.Sum(d => d.RefundedMinor), c.Sum(d => d.FeesMinor)), c.Key)).ToArray()),
            types.Select(t => new TypeSales(t.Id, t.Name, t.Quantity, t.Held, t.Sold, t.Dead, t.Scanned, Money.Of(t.PaidMinor, t.Currency), Money.Of(t.BackMinor, t.Currency))).ToArray(),
            days.Select(d => new DaySales(DateOnly.FromDateTime(d.Day), d.Sold, d.Refunded, SalesMoney.Of((d.PaidMinor, d.RefundedMinor, d.FeesMinor), d.Currency))).ToArray()), null);
    }

    private sealed class TypeRow
    {
        public Guid Id { get; init; }
        public string Name { get; init; } = "";
        public string Currency { get; init; } = "";
        public int Quantity { get; init; }
        public int Held { get; init; }
        public int Sold { get; init; }
        public int Dead { get; init; }
        public int Scanned { get; init; }
        public long PaidMinor { get; init; }
        public long BackMinor { get; init; }
    }

    private sealed class DayRow
    {
        public DateTime Day { get; init; }
        public string Currency { get; init; } = "";
        public int Sold { get; init; }
        public int Refunded { get; init; }
        public long PaidMinor { get; init; }
        public long RefundedMinor { get; init; }
        public long FeesMinor { get; init; }
    }
}
