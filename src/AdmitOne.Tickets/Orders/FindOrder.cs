using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

internal static class FindOrder
{
    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapGet("/{id}", HandleAsync)
            .WithName("FindOrder").WithSummary("One order with its lines, payment and tickets").WithRateTier(RateTier.Read)
            .WithAnswerExample(OrderExamples.Paid)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Order>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        var look = database.Look(caller.TenantId);
        if (await look.FindAsync<OrderRow>($"select {OrderRow.Columns} from tickets.orders o where o.id = @id", new { id }, cancellationToken) is var order
            && caller.RefuseUnlessMine("order", order?.Owner) is { } refusal) return refusal;

        var payment = await look.FindAsync<PaymentRow>("select method, status from tickets.payments where order_id = @id", new { id }, cancellationToken);
        var lines = await look.QueryAsync<LineRow>(
            "select ticket_type_id, quantity, unit_price_minor, total_minor from tickets.order_items where order_id = @id and kind = 'ticket' order by line", new { id }, cancellationToken);
        var tickets = await look.QueryAsync<TicketRow>("select id, ticket_type_id, status, refund_id from tickets.tickets where order_id = @id order by id", new { id }, cancellationToken);
        var refunds = await look.QueryAsync<RefundRow>(
            "select id, status, amount_minor, fee_minor, reason, attempts, last_error, needs_person, created_at from tickets.refunds where order_id = @id order by created_at, id", new { id }, cancellationToken);

        var disputes = !caller.IsManager ? [] : await look.QueryAsync<DisputeRow>(
            "select id, status, provider_status, reason, amount_minor, currency, created_at from tickets.disputes where order_id = @id order by created_at, id", new { id }, cancellationToken);

        var bill = await Bill.OfOrderAsync(look, id, order!.Currency, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new Order(order.Id, order.OrderNumber, order.EventId, order.UserId, order.SoldBy, order.Status, Money.Of(order.TotalMinor, order.Currency),
            new OrderPayment(payment!.Method, payment.Status),
            lines.Select(l => new OrderLine(l.TicketTypeId, l.Quantity, Money.Of(l.UnitPriceMinor, order.Currency), Money.Of(l.TotalMinor, order.Currency))).ToArray(),
            bill.Lines, bill.ContainedTaxes, tickets.Select(t => new OrderTicket(t.Id, t.TicketTypeId, t.Status)).ToArray(),
            refunds.Select(r => new OrderRefund(r.Id, r.Status, Money.Of(r.AmountMinor, order.Currency), Money.Of(r.FeeMinor, order.Currency), r.Reason,
                tickets.Where(t => t.RefundId == r.Id).Select(t => t.Id).ToArray(), r.Attempts, caller.IsManager ? r.LastError : null, caller.IsManager && r.NeedsPerson, r.CreatedAt)).ToArray(),
            disputes.Select(d => new OrderDispute(d.Id, d.Status, d.ProviderStatus, d.Reason, Money.Of(d.AmountMinor, d.Currency), d.CreatedAt)).ToArray(), order.CreatedAt, order.UpdatedAt));
    }

    private sealed class PaymentRow
    {
        public string Method { get; init; } = "";
        public string Status { get; init; } = "";
    }

    private sealed class LineRow
    {
        public Guid TicketTypeId { get; init; }
        public int Quantity { get; init; }
        public long UnitPriceMinor { get; init; }
        public long TotalMinor { get; init; }
    }

    private sealed class TicketRow
    {
        public Guid Id { get; init; }
        public Guid TicketTypeId { get; init; }
        public string Status { get; init; } = "";
        public Guid? RefundId { get; init; }
    }

    private sealed class RefundRow
    {
        public Guid Id { get; init; }
        public string Status { get; init; } = "";
        public long AmountMinor { get; init; }
        public long FeeMinor { get; init; }
        public string Reason { get; init; } = "";
        public int Attempts { get; init; }
        public string? LastError { get; init; }
        public bool NeedsPerson { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
    }

    private sealed class DisputeRow
    {
        public Guid Id { get; init; }
        public string Status { get; init; } = "";
        public string ProviderStatus { get; init; } = "";
        public string Reason { get; init; } = "";
        public long AmountMinor { get; init; }
        public string Currency { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
    }
}
