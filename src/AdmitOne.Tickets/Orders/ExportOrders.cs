using System.Globalization;
using System.IO.Pipelines;
using System.Text;
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

/// <summary>
/// All orders of an event as CSV (RFC 4180), oldest first, in UTF-8 with the mark by which a spreadsheet knows it. It reads a page at a time, each from where the last
/// one ended, and gives its connection back before it writes: memory stays what one page needs, a slow reader holds nothing, and no long snapshot holds up
/// the cleaning of the busiest rows.
/// </summary>
internal static class ExportOrders
{
    private const int RowsAtOnce = 5_000;

    private const string Header = "\uFEFForder_number,status,ordered_at,buyer_email,payment_method,tickets,tickets_refunded,currency,total,refunded,refund_fees\r\n";

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/orders.csv", HandleAsync)
            .WithName("ExportOrders").WithSummary("All orders of an event, as CSV").WithRateTier(RateTier.Admin)
            .Produces<string>(StatusCodes.Status200OK, "text/csv").WithMetadata(new DisableRequestTimeoutAttribute())
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.TooManyAtOnce, PlatformProblems.Overloaded);

    private static async Task<IResult> HandleAsync(Guid eventId, Caller caller, HttpContext context, Database database, ReportBounds bounds, CallerAccess callers, CancellationToken cancellationToken)
    {
        var (call, tooMany) = bounds.Open(caller.TenantId, caller.UserId);
        if (call is null) return tooMany!;
        using var open = call;
        await using var access = callers.Watch(caller, cancellationToken);
        var look = database.Look(caller.TenantId);
        if (await look.FindAsync<string>("select name from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is null)
            return PlatformProblems.NotFound.With("There is no such event.");
        var (first, busy) = await ReadAsync(null);
        if (first is null) return busy!;

        context.NeverCache();
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"orders-{eventId}.csv\"";
        var body = context.Response.BodyWriter;
        Write(body, Header);
        try
        {
            for (var rows = first; rows is not null; rows = (await ReadAsync(new NewestFirst(rows[^1].CreatedAt, rows[^1].Id))).Rows)
            {
                foreach (var row in rows) Write(body, Line(row));
                await body.FlushAsync(access.Ends);   // waits for a slow reader instead of piling up
                if (rows.Count < RowsAtOnce) return Results.Empty;
            }
        }
        catch (OperationCanceledException) when (access.IsWithdrawn)
        {
            // The caller may not have it any more.
        }
        context.Abort();   // what has been sent must not look whole
        return Results.Empty;

        async Task<(IReadOnlyList<Row>? Rows, Refusal? Refusal)> ReadAsync(NewestFirst? after)
        {
            var (place, refusal) = await bounds.EnterAsync(caller.TenantId, caller.UserId, access.Ends);
            using (place) return place is null ? (null, refusal) : (await ReadPageAsync(look, eventId, after, access.Ends), null);
        }
    }

    // Each limit of one row has it looked up for each order. While rows have not been counted, a plain join may be planned to read
    // all of them for each order.
    private static Task<IReadOnlyList<Row>> ReadPageAsync(TenantLook look, Guid eventId, NewestFirst? after, CancellationToken cancellationToken) => look.QueryAsync<Row>($"""
        select o.id, o.order_number, o.status, o.created_at, u.email, p.method, o.currency, o.total_minor, t.tickets, t.dead, r.refunded_minor, r.fees_minor
          from (select o.tenant_id, o.id, o.order_number, o.status, o.created_at, o.user_id, o.currency, o.total_minor from tickets.orders o
                 where o.tenant_id = @TenantId and o.event_id = @eventId{Where.And(after is not null, "(o.created_at, o.id) > (@At, @Id)")}
                 order by o.created_at, o.id limit {RowsAtOnce}) o
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

    private static string Line(Row row) => string.Join(',', Cell(row.OrderNumber), Cell(row.Status), row.CreatedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture),
        Cell(row.Email ?? ""), Cell(row.Method ?? ""), Number(row.Tickets), Number(row.Dead), Cell(row.Currency), Amount(row.TotalMinor, row.Currency), Amount(row.RefundedMinor, row.Currency),
        Amount(row.FeesMinor, row.Currency)) + "\r\n";

    /// <summary>Quoted where RFC 4180 wants it. What a spreadsheet would take for a formula gets an apostrophe: a buyer's address is text, whatever it begins with.</summary>
    internal static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Amount(long minor, string currency) => MoneyText.Of(minor, currency);

    private static void Write(PipeWriter body, string text) => Encoding.UTF8.GetBytes(text, body);

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
