using AdmitOne.Contracts;
using AdmitOne.Tickets.Inventory;

namespace AdmitOne.Tickets.Refunds;

/// <summary>A refund as it was accepted. The tickets are dead and their places free; <c>status</c> says whether the money has gone.</summary>
/// <param name="Status"><c>pending</c>, then <c>succeeded</c>; <c>failed</c> while the provider does not take it, which is tried again.</param>
/// <param name="Amount">What goes back.</param>
/// <param name="Fee">What the event's refund policy keeps; amount and fee together were paid for these tickets.</param>
/// <param name="LeftOut">Of the whole order: the tickets that it leaves as they are, and why.</param>
public sealed record Refund(
    Guid Id, Guid OrderId, string OrderStatus, string Status, Money Amount, Money Fee, IReadOnlyList<Guid> TicketIds, string Reason,
    IReadOnlyList<LeftOutTicket> LeftOut, DateTimeOffset CreatedAt);

/// <summary>What a refund asked for now would come to. Nothing has been done.</summary>
/// <param name="LeftOut">Of the whole order: the tickets that it would leave as they are, and why.</param>
public sealed record RefundPreview(Guid OrderId, Money Amount, Money Fee, IReadOnlyList<Guid> TicketIds, IReadOnlyList<LeftOutTicket> LeftOut);

internal static class RefundExamples
{
    public static readonly RefundRequest OfOne = new() { TicketIds = [ExampleSale.Ticket], Reason = "A friend cannot come." };

    public static readonly RefundRequest OfAll = new() { Reason = "We cannot come." };

    public static readonly Refund Accepted = new(new Guid("0199a1b2-7c00-7000-8000-00000000000b"), ExampleSale.Order, "partially_refunded", "pending", Money.Of(4050, "EUR"), Money.Of(450, "EUR"),
        [ExampleSale.Ticket], OfOne.Reason, [], ExampleSale.At("2026-10-12T08:30:00Z"));

    public static readonly RefundPreview Preview = new(ExampleSale.Order, Accepted.Amount, Accepted.Fee, Accepted.TicketIds, []);
}
