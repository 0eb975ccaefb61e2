using AdmitOne.Platform.Audit;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A refund that the organiser made in the provider's dashboard.</summary>
/// <param name="Reference">What the provider calls it.</param>
/// <param name="Status"><c>succeeded</c>, or <c>pending</c> at the provider.</param>
/// <param name="LeavesNothing">All that the payment brought has gone back, this refund included.</param>
internal sealed record DashboardRefund(string Reference, long AmountMinor, string Status, bool LeavesNothing);

/// <param name="RefundId">The row that was made for it; null if it covers refunds that were owed already.</param>
/// <param name="Tickets">How many died with it.</param>
internal sealed record BookedRefund(Guid? RefundId, int Tickets);

/// <summary>
/// Puts a refund that was made in the provider's dashboard on the books, once. The money has gone, so nothing is sent. It covers a failed refund of the
/// same amount; it takes all living tickets if it is all that they cost, or all that was left of the payment; otherwise nobody can tell which tickets
/// were meant, so none dies and the refund waits for a person (docs/stripe.md).
/// </summary>
internal sealed class BookRefund(Guid tenantId, Guid eventId, Guid orderId, RefundableOrder order, DashboardRefund refund) : StockCommand<BookedRefund>(tenantId, eventId)
{
    private const string Reason = "Refunded in the payment provider's dashboard.";

    private static readonly Actor s_provider = Actor.OfSystem("payment provider");

    internal override IEnumerable<Guid> TicketTypeIds => order.TicketTypeIds;

    internal override Guid? OrderId => orderId;

    internal override Guid? TicketsOf => orderId;

    internal override WantedDiscounts Discounts => WantedDiscounts.Of(order.DiscountIds);

    internal override bool CountsUses => true;

    private protected override Answer<BookedRefund> Rule(StockView view, StockChanges changes)
    {
        if (!view.Orders.TryGetValue(orderId, out var found)) return Platform.Problems.PlatformProblems.NotFound.With("There is no such order.");
        if (found.Status is "payment_pending" or "payment_failed" or "expired") return InventoryProblems.TicketNotIssued.With($"The order is {found.Status}; it has no tickets.");
        if (!view.Refunds.TryGetValue(orderId, out var refunds)) view.Refunds[orderId] = refunds = [];
        if (refunds.Exists(r => r.ProviderReference == refund.Reference)) return new BookedRefund(null, 0);

        var left = refund.AmountMinor - Cover(changes, refunds);
        if (left == 0) return new BookedRefund(null, 0);
        var alive = view.Tickets.GetValueOrDefault(orderId, []).FindAll(t => t.IsAlive);
        var cost = alive.Sum(t => t.PaidMinor);
        var takesAll = alive.Count > 0 && (left == cost || refund.LeavesNothing);
        var made = new RefundMade(Guid.CreateVersion7(view.Now), orderId, takesAll ? "refunded" : found.Status, refund.Status, left, FeeMinor: 0, found.Currency,
            takesAll ? alive.ConvertAll(t => t.Id) : [], Reason, view.Now);
        var row = new NewRefund(made.RefundId, orderId, found.PaymentId, left, found.Currency, Reason)
        {
            Status = refund.Status, ProviderReference = refund.Reference, UnassignedMinor = takesAll ? Math.Max(0, left - cost) : left, NeedsPerson = !takesAll && alive.Count > 0,
        };
        if (takesAll)
        {
            RefundTickets.Kill(view, changes, found, made, alive, (EventId, "refunded"));
            refunds.RemoveAll(r => r.Id == made.RefundId);
        }
        else
        {
            changes.Tell(view.Now, "refund.booked", orderId, new { orderId, EventId, made.RefundId, AmountMinor = left, found.Currency, row.NeedsPerson });
        }
        changes.Refunds.Add(row);
        refunds.Add(new RefundState(made.RefundId, orderId, refund.Status, left, refund.Reference));
        changes.Audit(view.Now, s_provider, new AuditEntry("order.refund", "order", orderId, new { found.Status },
            new { Status = made.OrderStatus, made.RefundId, made.AmountMinor, found.Currency, made.TicketIds, refund.Reference, row.UnassignedMinor, Reason }));
        return new BookedRefund(made.RefundId, made.TicketIds.Count);
    }

    // A refund that the provider would not take here, and that the organiser then made by hand.
    private long Cover(StockChanges changes, List<RefundState> refunds)
    {
        var covered = refunds.Find(r => r.Status == "failed" && r.AmountMinor == refund.AmountMinor) is { } same ? [same]
            : refund.LeavesNothing ? refunds.FindAll(r => r.IsUnsent)
            : [];
        var sum = 0L;
        foreach (var one in covered.Where(r => r.AmountMinor > 0 && sum + r.AmountMinor <= refund.AmountMinor).ToArray())
        {
            sum += one.AmountMinor;
            changes.RefundsCovered.Add(new RefundCovered(one.Id, refund.Status, refund.Reference));
            refunds[refunds.IndexOf(one)] = one with { Status = refund.Status, ProviderReference = refund.Reference };
        }
        return sum;
    }
}
