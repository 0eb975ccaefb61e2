using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>What was bought, line by line and under the names of that time, and what became of the money. The same lines as the order's.</summary>
/// <param name="SoldBy">The organiser.</param>
/// <param name="Event">The event as it was when the order was made, whatever it is called now.</param>
/// <param name="Lines">What adds up to the total.</param>
/// <param name="ContainedTaxes">Tax that prices contain: said, not added.</param>
/// <param name="Paid">What came in; null as long as nothing did.</param>
public sealed record Receipt(
    string OrderNumber, string Status, string SoldBy, EventAsSold Event, IReadOnlyList<ChargeLine> Lines, IReadOnlyList<ContainedTax> ContainedTaxes, Money Total, string PaymentMethod, Money? Paid,
    IReadOnlyList<ReceiptRefund> Refunds, DateTimeOffset OrderedAt);

public sealed record ReceiptRefund(Money Amount, Money Fee, string Status, DateTimeOffset At);

internal static class ShowReceipt
{
    public static readonly Receipt Example = new(ExampleSale.OrderNumber, "paid", "Our Hall", OrderExamples.AsSold, OrderExamples.Paid.Lines, OrderExamples.Paid.ContainedTaxes, ExampleSale.Total,
        "test", ExampleSale.Total, [], ExampleSale.At("2026-10-01T19:04:12.25Z"));

    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapGet("/{id}/receipt", HandleAsync)
            .WithName("ShowReceipt").WithSummary("An order's receipt with all its lines, as JSON or as a page to print").WithRateTier(RateTier.Read)
            .Produces<Receipt>().WithAnswerExample(Example).AlsoAnswers("text/html")
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PlatformProblems.ValidationFailed);

    private static async Task<IResult> HandleAsync(Guid id, string? format, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var order = await OrderRow.FindAsync(work, id, cancellationToken);
        return caller.RefuseUnlessMine("order", order?.Owner) ?? await AnswerAsync(work, order!, format, context, cancellationToken);
    }

    /// <summary>Whether the caller may see the order is asked before.</summary>
    public static async Task<IResult> AnswerAsync(TenantWork work, OrderRow order, string? format, HttpContext context, CancellationToken cancellationToken)
    {
        if (format is not (null or "json" or "html")) return PlatformProblems.Invalid("/format", "Must be json or html.");
        var id = order.Id;
        var sold = (await work.FindAsync<Row>("""
            select p.method, p.status as payment_status, p.amount_minor as paid_minor, coalesce(o.seller_name, t.name) as seller
              from tickets.orders o join tickets.payments p on p.tenant_id = o.tenant_id and p.order_id = o.id join platform.tenants t on t.id = o.tenant_id
             where o.id = @id
            """, new { id }, cancellationToken))!;
        var bill = await Bill.OfOrderAsync(work, id, order.Currency, cancellationToken);
        var refunds = await work.QueryAsync<RefundRow>("select amount_minor, fee_minor, status, created_at from tickets.refunds where order_id = @id order by created_at, id", new { id }, cancellationToken);

        Money Of(long minor) => Money.Of(minor, order.Currency);
        var receipt = new Receipt(order.OrderNumber, order.Status, sold.Seller, order.AsSold, bill.Lines, bill.ContainedTaxes, Of(order.TotalMinor), sold.Method,
            sold.PaymentStatus == "succeeded" ? Of(sold.PaidMinor) : null, refunds.Select(r => new ReceiptRefund(Of(r.AmountMinor), Of(r.FeeMinor), r.Status, r.CreatedAt)).ToArray(), order.CreatedAt);
        context.NeverCache();
        if (format != "html") return TypedResults.Ok(receipt);
        context.Response.Headers.ContentSecurityPolicy = ReceiptPage.ContentSecurityPolicy;
        return TypedResults.Text(ReceiptPage.Of(receipt), "text/html; charset=utf-8");
    }

    private sealed class Row
    {
        public string Method { get; init; } = "";
        public string PaymentStatus { get; init; } = "";
        public long PaidMinor { get; init; }
        public string Seller { get; init; } = "";
    }

    private sealed class RefundRow
    {
        public long AmountMinor { get; init; }
        public long FeeMinor { get; init; }
        public string Status { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
    }
}
