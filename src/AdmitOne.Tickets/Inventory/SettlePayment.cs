using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What the provider says a payment came to.</summary>
internal enum PaymentResult
{
    /// <summary>The money is ours.</summary>
    Succeeded,

    /// <summary>Declined: there is no money and there will be none.</summary>
    Failed,

    /// <summary>The hold ran out and the provider has confirmed that no money will come any more.</summary>
    Expired,

    /// <summary>Its owner called it off, and the provider has confirmed that no money will come any more.</summary>
    CalledOff,
}

/// <summary>Where an order is after it was settled, by this command or by an earlier one.</summary>
/// <param name="Paid">Present if this command issued the tickets.</param>
internal sealed record Settled(string OrderStatus, PaidOrder? Paid)
{
    /// <summary>What its buyer is told, if this command issued the tickets.</summary>
    public StoredAnswer? Answer { get; init; }
}

/// <summary>What an order's tickets were held for.</summary>
/// <param name="DiscountIds">Of the order (tickets.orders.discount_ids): what it may give back is locked first.</param>
internal sealed record HeldFor(Guid HoldId, Guid? UserId, IReadOnlyList<Guid> TicketTypeIds, IReadOnlyList<Guid>? DiscountIds);

/// <summary>
/// The second of a purchase's two transactions. It can come late, twice, or from the reconciler instead of the request; the order's state
/// decides, so the end is the same. Money without a hold takes the stock again if it is there, and else goes back by itself.
/// </summary>
/// <param name="answerWhenDeclined">Made with the time until which the hold can still be paid, or null if its places are free again.</param>
/// <param name="refuseLateMoney">Whoever has the money can give it back themselves: nothing is taken for it that cannot be sold any more.</param>
internal sealed class SettlePayment(
    Guid tenantId, Guid eventId, Guid orderId, HeldFor held, PaymentResult result, string? reference, Func<PaidOrder, StoredAnswer> answer,
    Func<DateTimeOffset?, StoredAnswer> answerWhenDeclined, bool refuseLateMoney = false)
    : StockCommand<Settled>(tenantId, eventId)
{
    internal override IEnumerable<Guid> TicketTypeIds => held.TicketTypeIds;

    internal override Guid? HoldId => held.HoldId;

    internal override Guid? CustomerId => held.UserId;

    internal override Guid? OrderId => orderId;

    internal override WantedDiscounts Discounts => WantedDiscounts.Of(held.DiscountIds);

    internal override bool CountsUses => true;

    private protected override Answer<Settled> Rule(StockView view, StockChanges changes)
    {
        if (!view.Orders.TryGetValue(orderId, out var order)) return PlatformProblems.NotFound.With("There is no such order.");
        return (result, order.Status) switch
        {
            (PaymentResult.Succeeded, "payment_pending" or "payment_failed" or "expired") => Pay(view, changes, order),
            (PaymentResult.Failed, "payment_pending") => End(view, changes, order, (Order: "payment_failed", Payment: "failed")),
            (PaymentResult.CalledOff, "payment_pending") => End(view, changes, order, (Order: "payment_failed", Payment: "cancelled")),
            (PaymentResult.Expired, "payment_pending") => End(view, changes, order, (Order: "expired", Payment: "cancelled")),
            _ => new Settled(order.Status, null),
        };
    }

    private Answer<Settled> Pay(StockView view, StockChanges changes, OrderState order)
    {
        var rows = view.Holds[order.HoldId];
        // Since this payment failed another one may have begun on the same hold: then the hold is that one's.
        var isOurs = rows[0].OrderId is null || rows[0].OrderId == orderId;
        if (isOurs && rows[0].Status == "held" && rows[0].ExpiresAt <= view.Now) ReleaseStock.End(view, changes, rows, "expired");
        rows = view.Holds[order.HoldId];
        var stillHeld = isOurs && rows[0].Status == "held";
        if (view.Window is not { IsCancelled: false } || !(stillHeld ? TryCountUsesAgain(view, changes, order) : TryRetake(view, changes, order, rows)))
            return refuseLateMoney ? InventoryProblems.ReservationExpired.With("Its time is over and there is nothing left to sell for it: give the money back.") : GiveBack(view, changes, order, rows, stillHeld);

        var paid = Issue(view, changes, EventId, order, rows);
        changes.PaymentMoves.Add(new PaymentMove(order.PaymentId, "succeeded", reference));
        changes.OrderMoves.Add(new OrderMove(orderId, "paid", reference));
        var told = answer(paid);
        changes.Kept.Add(new KeptAnswer(orderId, told));
        Move(view, order, "paid");
        return new Settled("paid", paid) { Answer = told };
    }

    // The money came when nothing could be sold for it any more: it is never kept without a ticket.
    private Settled GiveBack(StockView view, StockChanges changes, OrderState order, List<HeldRow> rows, bool stillHeld)
    {
        if (stillHeld && rows[0].OrderId == orderId) ReleaseStock.End(view, changes, rows, "released");
        changes.PaymentMoves.Add(new PaymentMove(order.PaymentId, "succeeded", reference));
        if (order.Status == "payment_pending") view.GiveUsesBack(changes, order);
        changes.OrderMoves.Add(new OrderMove(orderId, "refunded", reference));
        changes.Kept.Add(new KeptAnswer(orderId, answerWhenDeclined(null)));
        var refundId = Guid.CreateVersion7(view.Now);
        if (order.TotalMinor > 0)
            changes.Refunds.Add(new NewRefund(refundId, orderId, order.PaymentId, order.TotalMinor, order.Currency, "The money came after the tickets were gone."));
        changes.Tell(view.Now, "order.refunded", orderId, new { orderId, EventId, refundId, Tickets = 0, AmountMinor = order.TotalMinor, FeeMinor = 0, order.Currency });
        Move(view, order, "refunded");
        return new Settled("refunded", null);
    }

    // A hold outlives a payment that came to nothing, until its own time is over; what was to be bought in one step was held for this payment alone.
    private Settled End(StockView view, StockChanges changes, OrderState order, (string Order, string Payment) words)
    {
        var rows = view.Holds[order.HoldId];
        var isKept = rows[0] is { Status: "held", InOneStep: false } && rows[0].ExpiresAt > view.Now;
        if (isKept)
        {
            view.Holds[order.HoldId] = rows.ConvertAll(row => row with { OrderId = null, IsExtended = true });
            changes.HoldsFreed.AddRange(rows.Select(row => new HoldFreed(row.Id)));
        }
        else if (rows[0].Status == "held")
        {
            var isOver = rows[0].ExpiresAt <= view.Now || words.Order == "expired";
            ReleaseStock.End(view, changes, rows, isOver ? "expired" : "released");
            if (isOver) changes.NeverPaid += rows.Sum(row => row.Quantity);
        }
        view.GiveUsesBack(changes, order);
        changes.OrderMoves.Add(new OrderMove(orderId, words.Order, reference));
        changes.PaymentMoves.Add(new PaymentMove(order.PaymentId, words.Payment, reference));
        changes.Kept.Add(new KeptAnswer(orderId, answerWhenDeclined(isKept ? rows[0].ExpiresAt : null)));
        Move(view, order, words.Order);
        return new Settled(words.Order, null);
    }

    private static bool TryRetake(StockView view, StockChanges changes, OrderState order, List<HeldRow> rows)
    {
        var wanted = rows.GroupBy(r => r.TicketTypeId).ToDictionary(g => g.Key, g => g.Sum(r => r.Quantity));
        var bySection = wanted.GroupBy(w => view.Types[w.Key].Section).All(s => s.Sum(w => w.Value) <= s.Key.Free);
        if (!bySection || wanted.Any(w => w.Value > view.Types[w.Key].Free)) return false;
        // While the hold was gone its customer may have bought up to the limit: late money is no way around it.
        var userId = rows[0].UserId;
        if (wanted.Any(w => view.Types[w.Key].MaxPerCustomer is { } limit && view.Owned.GetValueOrDefault((userId, w.Key)) + w.Value > limit)) return false;
        if (!TryCountUsesAgain(view, changes, order)) return false;
        foreach (var (typeId, quantity) in wanted)
        {
            view.Types[typeId].Move(heldBy: quantity, soldBy: 0);
            view.CollectHeld(userId, typeId, quantity);
        }
        return true;
    }

    // Its discounts' uses went back when it failed: somebody else may have taken the last.
    private static bool TryCountUsesAgain(StockView view, StockChanges changes, OrderState order)
    {
        if (order.Status == "payment_pending" || order.DiscountIds is null) return true;
        if (view.TryCountUses(order.DiscountIds, order.UserId) is not null) return false;
        changes.RedemptionMoves.Add(new RedemptionMove(order.Id, "counted"));
        return true;
    }

    private static void Move(StockView view, OrderState order, string status) => view.Orders[order.Id] = order with { Status = status };

    /// <summary>Turns held places into tickets. The caller has made sure that they are held.</summary>
    internal static PaidOrder Issue(StockView view, StockChanges changes, Guid eventId, OrderState order, List<HeldRow> rows)
    {
        var tickets = new List<NewTicket>();
        var priced = Priced.Read(rows[0].Priced);
        var isOurs = rows[0].OrderId is null || rows[0].OrderId == order.Id;
        foreach (var row in rows)
        {
            var paid = priced?.Of(row.TicketTypeId).PaidMinor;
            var type = view.Types[row.TicketTypeId];
            type.Move(heldBy: -row.Quantity, soldBy: row.Quantity);
            if (isOurs) changes.HoldMoves.Add(new HoldMove(row.Id, "completed"));
            if (order.UserId is { } owner) view.CollectUnpaid(owner, -row.Quantity);
            for (var n = 0; n < row.Quantity; n++)
            {
                tickets.Add(new NewTicket(Guid.CreateVersion7(view.Now), eventId, row.TicketTypeId, type.Section.Id, order.Id, row.Id, order.UserId,
                    row.UnitPriceMinor, paid?[n] ?? row.UnitPriceMinor, row.Currency));
            }
        }
        if (isOurs) view.Holds[order.HoldId] = rows.ConvertAll(row => row with { Status = "completed", OrderId = order.Id });
        changes.Tickets.AddRange(tickets);
        // A refund that was asked for meanwhile and stands behind this in the same batch must find them.
        if (view.Tickets.TryGetValue(order.Id, out var known))
            known.AddRange(tickets.Select(t => new TicketState(t.Id, order.Id, t.TicketTypeId, t.UserId, "issued", t.PaidMinor, IsAdmitted: false)));
        changes.Tell(view.Now, "order.paid", order.Id, new { OrderId = order.Id, EventId = eventId, Tickets = tickets.Count, order.TotalMinor, order.Currency });
        return new PaidOrder(order.Id, order.Number, order.TotalMinor, order.Currency, tickets);
    }
}
