using AdmitOne.Contracts;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Reservations;

namespace AdmitOne.Tickets.Internal;

/// <summary>An order of an order service's, under its own id.</summary>
/// <param name="Status"><c>held</c>, then <c>confirmed</c>, <c>released</c> or <c>expired</c>; <c>refunded</c> in part or whole.</param>
public sealed record ExternalOrder(Guid OrderId, Guid EventId, string Status, DateTimeOffset ExpiresAt, IReadOnlyList<ExternalItem> Items, Money Total, IReadOnlyList<ExternalTicket> Tickets);

public sealed record ExternalItem(Guid TicketTypeId, int Quantity);

public sealed record ExternalTicket(Guid Id, Guid TicketTypeId, string Status);

/// <summary>An order as its rows have it.</summary>
internal sealed class ExternalOrderRow
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public Guid HoldId { get; init; }
    public Guid? UserId { get; init; }
    public string Status { get; init; } = "";
    public string Method { get; init; } = "";
    public long TotalMinor { get; init; }
    public string Currency { get; init; } = "";
    public DateTimeOffset ExpiresAt { get; init; }

    public static Task<ExternalOrderRow?> FindAsync(TenantWork work, Guid orderId, CancellationToken cancellationToken) => work.FindAsync<ExternalOrderRow>("""
        select o.id, o.event_id, o.hold_id, o.user_id, o.status, p.method, o.total_minor, o.currency, p.hold_expires_at as expires_at
          from tickets.orders o join tickets.payments p on p.tenant_id = o.tenant_id and p.order_id = o.id where o.id = @orderId
        """, new { orderId }, cancellationToken);

    public async Task<ExternalOrder> AnswerAsync(TenantWork work, CancellationToken cancellationToken)
    {
        var items = await work.QueryAsync<ItemRow>("select ticket_type_id, quantity from tickets.order_items where order_id = @Id and kind = 'ticket' order by line", new { Id }, cancellationToken);
        var tickets = await work.QueryAsync<TicketRow>("select id, ticket_type_id, status from tickets.tickets where order_id = @Id order by id", new { Id }, cancellationToken);
        return new ExternalOrder(Id, EventId, Status switch { "payment_pending" => "held", "paid" => "confirmed", "payment_failed" => "released", _ => Status }, ExpiresAt,
            items.Select(i => new ExternalItem(i.TicketTypeId, i.Quantity)).ToArray(), Money.Of(TotalMinor, Currency), tickets.Select(t => new ExternalTicket(t.Id, t.TicketTypeId, t.Status)).ToArray());
    }

    private sealed class ItemRow
    {
        public Guid TicketTypeId { get; init; }
        public int Quantity { get; init; }
    }

    private sealed class TicketRow
    {
        public Guid Id { get; init; }
        public Guid TicketTypeId { get; init; }
        public string Status { get; init; } = "";
    }
}

internal static class InternalExamples
{
    public static readonly ReserveForOrderRequest Asked = new() { OrderId = ExampleSale.Order, Items = [new WantedItem { TicketTypeId = ExampleSale.TicketType, Quantity = 2 }] };

    public static readonly ExternalOrder Held = new(ExampleSale.Order, ExampleSale.Event, "held", ExampleSale.At("2026-10-01T19:14:12Z"), [new ExternalItem(ExampleSale.TicketType, 2)], ExampleSale.Total, []);

    public static readonly ExternalOrder Confirmed = Held with
    {
        Status = "confirmed",
        Tickets = [new ExternalTicket(ExampleSale.Ticket, ExampleSale.TicketType, "issued"), new ExternalTicket(ExampleSale.SecondTicket, ExampleSale.TicketType, "issued")],
    };
}
