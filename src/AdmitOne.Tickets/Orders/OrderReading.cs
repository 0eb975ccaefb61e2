using AdmitOne.Contracts;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Orders;

/// <summary>Reads an order with everything that belongs to it. Whether the caller may see it is asked before.</summary>
internal sealed class OrderReading(OrderPageKeys keys)
{
    /// <returns>Null if there is none.</returns>
    public async Task<Order?> FindAsync(TenantLook look, Guid id, Caller caller, CancellationToken cancellationToken)
    {
        if (await OrderRow.FindAsync(look, id, cancellationToken) is not { } order) return null;
        var payment = await look.FindAsync<PaymentRow>("select method, status from tickets.payments where order_id = @id", new { id }, cancellationToken);
        var lines = await look.QueryAsync<LineRow>(
            "select ticket_type_id, quantity, unit_price_minor, total_minor from tickets.order_items where order_id = @id and kind = 'ticket' order by line", new { id }, cancellationToken);
        var tickets = await look.QueryAsync<TicketRow>("select id, ticket_type_id, status, refund_id from tickets.tickets where order_id = @id order by id", new { id }, cancellationToken);
        var refunds = await look.QueryAsync<RefundRow>(
            "select id, status, amount_minor, fee_minor, reason, attempts, last_error, needs_person, created_at from tickets.refunds where order_id = @id order by created_at, id", new { id }, cancellationToken);
        var disputes = !caller.IsManager ? [] : await look.QueryAsync<DisputeRow>(
            "select id, status, provider_status, reason, amount_minor, currency, created_at from tickets.disputes where order_id = @id order by created_at, id", new { id }, cancellationToken);
        var bill = await Bill.OfOrderAsync(look, id, order.Currency, cancellationToken);
        return new Order(order.Id, order.OrderNumber, order.EventId, order.AsSold, order.UserId, order.SoldBy,
            order.ContactEmail, order.BuyerName, order.Language, order.MayOpenPage(caller) ? keys.Of(look.TenantId, order.OrderNumber) : null, order.Status, Money.Of(order.TotalMinor, order.Currency),
            new OrderPayment(payment!.Method, payment.Status),
            lines.Select(l => new OrderLine(l.TicketTypeId, l.Quantity, Money.Of(l.UnitPriceMinor, order.Currency), Money.Of(l.TotalMinor, order.Currency))).ToArray(),
            bill.Lines, bill.ContainedTaxes, tickets.Select(t => new OrderTicket(t.Id, t.TicketTypeId, t.Status)).ToArray(),
            refunds.Select(r => new OrderRefund(r.Id, r.Status, Money.Of(r.AmountMinor, order.Currency), Money.Of(r.FeeMinor, order.Currency), r.Reason,
                tickets.Where(t => t.RefundId == r.Id).Select(t => t.Id).ToArray(), r.Attempts, caller.IsManager ? r.LastError : null, caller.IsManager && r.NeedsPerson, r.CreatedAt)).ToArray(),
            disputes.Select(d => new OrderDispute(d.Id, d.Status, d.ProviderStatus, d.Reason, Money.Of(d.AmountMinor, d.Currency), d.CreatedAt)).ToArray(), order.CreatedAt, order.UpdatedAt);
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
