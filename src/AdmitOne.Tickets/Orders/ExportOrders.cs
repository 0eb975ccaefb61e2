using System.Globalization;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>All orders of an event as CSV, oldest first.</summary>
internal static class ExportOrders
{
    private const string Header = "order_number,status,ordered_at,buyer_email,payment_method,tickets,tickets_refunded,currency,total,refunded,refund_fees";

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/orders.csv", HandleAsync)
            .WithName("ExportOrders").WithSummary("All orders of an event, as CSV").WithRateTier(RateTier.Admin)
            .Produces<string>(StatusCodes.Status200OK, "text/csv").WithMetadata(new DisableRequestTimeoutAttribute())
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.TooManyAtOnce, PlatformProblems.Overloaded);

    private static Task<IResult> HandleAsync(Guid eventId, Caller caller, HttpContext context, Database database, CsvExport export, CancellationToken cancellationToken) =>
        export.SendAsync(eventId, new CsvFile<Row>($"orders-{eventId}.csv", Header,
            (after, stop) => ReadPageAsync(database.Look(caller.TenantId), eventId, after is null ? null : new NewestFirst(after.CreatedAt, after.Id), stop), Line), caller, context, cancellationToken);

    // Each limit of one row has it looked up for each order. While rows have not been counted, a plain join may be planned to read
    // all of them for each order.
    private static Task<IReadOnlyList<Row>> ReadPageAsync(TenantLook look, Guid eventId, NewestFirst? after, CancellationToken cancellationToken) => look.QueryAsync<Row>($"""
        select o.id, o.order_number, o.status, o.created_at, coalesce(u.email, o.contact_email) as email, p.method, o.currency, o.total_minor, t.tickets, t.dead, r.refunded_minor, r.fees_minor
          from (select o.tenant_id, o.id, o.order_number, o.status, o.created_at, o.user_id, o.contact_email, o.currency, o.total_minor from tickets.orders o
                 where o.tenant_id = @TenantId and o.event_id = @eventId{Where.And(after is not null, "(o.created_at, o.id) > (@At, @Id)")}
                 order by o.created_at, o.id limit {CsvExport.RowsAtOnce}) o
          left join lateral (select p.method from tickets.payments p
                              where p.tenant_id = o.tenant_id and p.order_id = o.id limit 1) p on true
          left join lateral (select u.email from platform.users u
                              where u.tenant_id = o.tenant_id and u.id = o.user_id limit 1) u on true
         cross join lateral (select count(*)::int as tickets, (count(*) filter (where t.status in ('refunded', 'cancelled')))::int as dead
                               from tickets.tickets t where t.tenant_id = o.tenant_id and t.order_id = o.id) t
         cross join lateral (select coalesce(sum(r.amount_minor), 0)::bigint as refunded_minor, coalesce(sum(r.fee_minor), 0)::bigint as fees_minor
                               from tickets.refunds r where r.tenant_id = o.tenant_id and r.order_id = o.id) r
         order by o.created_at, o.id
        """, new { look.TenantId, eventId, after?.At, after?.Id }, cancellationToken);

    private static string[] Line(Row row) => [row.OrderNumber, row.Status, CsvExport.Instant(row.CreatedAt), row.Email ?? "", row.Method ?? "", Number(row.Tickets), Number(row.Dead), row.Currency,
        Amount(row.TotalMinor, row.Currency), Amount(row.RefundedMinor, row.Currency), Amount(row.FeesMinor, row.Currency)];

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Amount(long minor, string currency) => MoneyText.Of(minor, currency);

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string OrderNumber { get; init; } = "";
        public string Status { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
        public string? Email { get; init; }
        public string? Method { get; init; }
        public string Currency { get; init; } = "";
        public long TotalMinor { get; init; }
        public int Tickets { get; init; }
        public int Dead { get; init; }
        public long RefundedMinor { get; init; }
        public long FeesMinor { get; init; }
    }
}
