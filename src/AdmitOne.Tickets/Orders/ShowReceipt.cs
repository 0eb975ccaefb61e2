using System.Globalization;
using System.Net;
using System.Text;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>What was bought, line by line, and what became of the money.</summary>
/// <param name="SoldBy">The organiser.</param>
/// <param name="Paid">What came in; null as long as nothing did.</param>
public sealed record Receipt(
    string OrderNumber, string Status, string SoldBy, ReceiptEvent Event, IReadOnlyList<ReceiptLine> Lines, Money Total, string PaymentMethod, Money? Paid,
    IReadOnlyList<ReceiptRefund> Refunds, DateTimeOffset OrderedAt);

public sealed record ReceiptEvent(Guid Id, string Name, string Venue, DateTimeOffset StartsAt, string TimeZone);

/// <param name="Kind"><c>ticket</c>, <c>discount</c>, <c>fee</c> or <c>tax</c>.</param>
/// <param name="Total">Negative for a discount; all totals add up to the order's.</param>
/// <param name="Noted">Said and not added: tax that the price contains.</param>
public sealed record ReceiptLine(string Kind, string Label, int Quantity, Money UnitPrice, Money Total, Money Noted);

public sealed record ReceiptRefund(Money Amount, Money Fee, string Status, DateTimeOffset At);

internal static class ShowReceipt
{
    public static readonly Receipt Example = new(ExampleSale.OrderNumber, "paid", "Our Hall",
        new ReceiptEvent(ExampleSale.Event, "An Evening by the River", "The Hall", ExampleSale.At("2026-11-22T19:30:00Z"), "Europe/Amsterdam"),
        [new ReceiptLine("ticket", ExampleSale.TypeName, 2, ExampleSale.Price, ExampleSale.Total, Money.Of(0, "EUR"))], ExampleSale.Total, "test", ExampleSale.Total, [],
        ExampleSale.At("2026-10-01T19:04:12.25Z"));

    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapGet("/{id}/receipt", HandleAsync)
            .WithName("ShowReceipt").WithSummary("An order's receipt with all its lines, as JSON or as a page to print").WithRateTier(RateTier.Read)
            .Produces<Receipt>().WithAnswerExample(Example).AlsoAnswers("text/html")
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PlatformProblems.ValidationFailed);

    private static async Task<IResult> HandleAsync(Guid id, string? format, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        if (format is not (null or "json" or "html")) return PlatformProblems.Invalid("/format", "Must be json or html.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var order = await work.FindAsync<Row>("""
            select o.id, o.order_number, o.status, o.event_id, o.user_id, o.sold_by, o.total_minor, o.currency, o.created_at, p.method, p.status as payment_status, p.amount_minor as paid_minor,
                   t.name as organiser, w.name as event_name, w.venue_name, w.starts_at, w.time_zone
              from tickets.orders o join tickets.payments p on p.tenant_id = o.tenant_id and p.order_id = o.id
              join platform.tenants t on t.id = o.tenant_id left join events.sale_window w on w.tenant_id = o.tenant_id and w.event_id = o.event_id
             where o.id = @id
            """, new { id }, cancellationToken);
        if (caller.RefuseUnlessMine("order", order is null ? null : new Owner(order.UserId ?? order.SoldBy)) is { } refusal) return refusal;
        var lines = await work.QueryAsync<LineRow>("""
            select i.kind, coalesce(i.label, y.name, i.kind) as label, i.quantity, i.unit_price_minor, i.total_minor, i.noted_minor
              from tickets.order_items i left join tickets.ticket_types y on y.tenant_id = i.tenant_id and y.id = i.ticket_type_id
             where i.order_id = @id and (i.kind <> 'fee' or i.total_minor > 0) order by i.line
            """, new { id }, cancellationToken);
        var refunds = await work.QueryAsync<RefundRow>("select amount_minor, fee_minor, status, created_at from tickets.refunds where order_id = @id order by created_at, id", new { id }, cancellationToken);

        Money Of(long minor) => Money.Of(minor, order!.Currency);
        var receipt = new Receipt(order!.OrderNumber, order.Status, order.Organiser,
            new ReceiptEvent(order.EventId, order.EventName ?? "", order.VenueName ?? "", order.StartsAt ?? default, order.TimeZone ?? "UTC"),
            lines.Select(l => new ReceiptLine(l.Kind, l.Label, l.Quantity, Of(l.UnitPriceMinor), Of(l.TotalMinor), Of(l.NotedMinor))).ToArray(), Of(order.TotalMinor), order.Method,
            order.PaymentStatus == "succeeded" ? Of(order.PaidMinor) : null,
            refunds.Select(r => new ReceiptRefund(Of(r.AmountMinor), Of(r.FeeMinor), r.Status, r.CreatedAt)).ToArray(), order.CreatedAt);
        context.NeverCache();
        return format == "html" ? TypedResults.Text(Page(receipt), "text/html; charset=utf-8") : TypedResults.Ok(receipt);
    }

    // Everything that a person typed is escaped: names of events and types are theirs, not ours.
    private static string Page(Receipt receipt)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>").Append(Escape(receipt.OrderNumber)).Append("</title><style>body{font:15px sans-serif;margin:2em auto;max-width:40em}")
            .Append("table{border-collapse:collapse;width:100%}td,th{padding:.3em;border-bottom:1px solid #ccc;text-align:left}.n{text-align:right}</style></head><body><h1>")
            .Append(Escape(receipt.SoldBy)).Append("</h1><p>Order ").Append(Escape(receipt.OrderNumber)).Append(", ").Append(receipt.OrderedAt.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture))
            .Append(", ").Append(Escape(receipt.Status)).Append("</p><h2>").Append(Escape(receipt.Event.Name)).Append("</h2><p>").Append(Escape(receipt.Event.Venue)).Append("</p><table>");
        foreach (var line in receipt.Lines)
        {
            page.Append("<tr><td>").Append(Escape(line.Label)).Append("</td><td class=n>").Append(line.Kind == "ticket" ? line.Quantity.ToString(CultureInfo.InvariantCulture) : "").Append("</td><td class=n>")
                .Append(Text(line.Total)).Append("</td></tr>");
            if (line.Noted.Amount > 0) page.Append("<tr><td colspan=2>included: ").Append(Escape(line.Label)).Append("</td><td class=n>").Append(Text(line.Noted)).Append("</td></tr>");
        }
        page.Append("<tr><th colspan=2>Total</th><th class=n>").Append(Text(receipt.Total)).Append("</th></tr>");
        if (receipt.Paid is { } paid) page.Append("<tr><td colspan=2>Paid by ").Append(Escape(receipt.PaymentMethod)).Append("</td><td class=n>").Append(Text(paid)).Append("</td></tr>");
        foreach (var refund in receipt.Refunds)
            page.Append("<tr><td colspan=2>Refunded ").Append(refund.At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Append(", ").Append(Escape(refund.Status)).Append("</td><td class=n>")
                .Append(Text(refund.Amount)).Append("</td></tr>");
        return page.Append("</table></body></html>").ToString();
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Text(Money money) => $"{MoneyText.Of(money)} {money.Currency}";

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string OrderNumber { get; init; } = "";
        public string Status { get; init; } = "";
        public Guid EventId { get; init; }
        public Guid? UserId { get; init; }
        public Guid? SoldBy { get; init; }
        public long TotalMinor { get; init; }
        public string Currency { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
        public string Method { get; init; } = "";
        public string PaymentStatus { get; init; } = "";
        public long PaidMinor { get; init; }
        public string Organiser { get; init; } = "";
        public string? EventName { get; init; }
        public string? VenueName { get; init; }
        public DateTimeOffset? StartsAt { get; init; }
        public string? TimeZone { get; init; }
    }

    private sealed class LineRow
    {
        public string Kind { get; init; } = "";
        public string Label { get; init; } = "";
        public int Quantity { get; init; }
        public long UnitPriceMinor { get; init; }
        public long TotalMinor { get; init; }
        public long NotedMinor { get; init; }
    }

    private sealed class RefundRow
    {
        public long AmountMinor { get; init; }
        public long FeeMinor { get; init; }
        public string Status { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
    }
}
