using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>Which tickets of an order die, and on whose word.</summary>
/// <param name="TicketIds">Null: all that are issued; a holder's: all of theirs that are issued. A blocked ticket is given back only by a manager who names it.</param>
/// <param name="By">Who asked, for the audit log.</param>
internal sealed record RefundWish(Guid OrderId, IReadOnlyList<Guid>? TicketIds, string Reason, Actor By)
{
    /// <summary>What the tickets become: <c>refunded</c> or <c>cancelled</c>.</summary>
    public string Becomes { get; init; } = "refunded";

    /// <summary>Set if a holder asks, the buyer or who has a ticket now: for tickets of their own that nobody has used, within the event's policy and for its fee. Otherwise the whole amount goes back, at any time.</summary>
    public Guid? HolderId { get; init; }

    /// <summary>Of the order (tickets.orders.discount_ids): their uses come back with the last of its tickets.</summary>
    public IReadOnlyList<Guid>? DiscountIds { get; init; }

    /// <summary>Decides and writes nothing.</summary>
    public bool IsPreview { get; init; }
}

/// <summary>A refund as it was accepted: the tickets are dead and their places are free; whether the money has gone is said by its row.</summary>
/// <param name="Status"><c>pending</c>, or <c>succeeded</c> if there is no money to send.</param>
/// <param name="FeeMinor">Kept by the organiser: amount and fee together are what was paid for these tickets.</param>
internal sealed record RefundMade(
    Guid RefundId, Guid OrderId, string OrderStatus, string Status, long AmountMinor, long FeeMinor, string Currency, IReadOnlyList<Guid> TicketIds, string Reason, DateTimeOffset At)
{
    /// <summary>Tickets that a refund of the whole order left as they are.</summary>
    public IReadOnlyList<LeftOutTicket> LeftOut { get; init; } = [];
}

/// <summary>A ticket that a refund of the whole order leaves as it is.</summary>
/// <param name="Reason"><c>ticket_blocked</c>: only the organiser gives it back, by itself. <c>not_owner</c>: it was transferred, and only its present holder gives it back.</param>
public sealed record LeftOutTicket(Guid TicketId, string Reason);

/// <summary>What must be known of an order to find its lane. It may be old by then; the lane decides.</summary>
internal sealed class RefundableOrder
{
    public Guid EventId { get; init; }
    public Guid? UserId { get; init; }
    public Guid[] TicketTypeIds { get; init; } = [];
    public Guid[]? DiscountIds { get; init; }

    public static Task<RefundableOrder?> FindAsync(TenantWork work, Guid orderId, CancellationToken cancellationToken) => work.FindAsync<RefundableOrder>("""
        select o.event_id, o.user_id, o.discount_ids,
               (select coalesce(array_agg(distinct i.ticket_type_id), '{}') from tickets.order_items i where i.tenant_id = o.tenant_id and i.order_id = o.id and i.kind = 'ticket') as ticket_type_ids
          from tickets.orders o where o.id = @orderId
        """, new { orderId }, cancellationToken);
}

/// <summary>
/// Takes tickets back: they die, their places return to sale and the money is owed, in one transaction. The stock's locks make two refunds of one
/// order queue, and the tickets' locks a scan, so each ticket is given back once or let in, whoever comes first.
/// </summary>
/// <param name="ticketTypeIds">All types of the order.</param>
/// <param name="request">If it came with an idempotency key, whose answer is kept by the same transaction.</param>
internal sealed class RefundTickets(Guid tenantId, Guid eventId, IReadOnlyList<Guid> ticketTypeIds, RefundWish wish, KeyedRefund? request = null) : StockCommand<RefundAnswer>(tenantId, eventId)
{
    internal override IEnumerable<Guid> TicketTypeIds => ticketTypeIds;

    internal override Guid? OrderId => wish.OrderId;

    internal override Guid? TicketsOf => wish.OrderId;

    internal override KeyedRequest? Request => request?.Request;

    internal override WantedDiscounts Discounts => WantedDiscounts.Of(wish.DiscountIds);

    internal override bool CountsUses => !wish.IsPreview;

    private protected override Answer<RefundAnswer> Rule(StockView view, StockChanges changes)
    {
        if (request is not null && view.Repeated(request.Request) is { } before)
            return before.Value is { } stored ? new RefundAnswer(null, stored) : before.Refusal!;

        var (made, refusal) = Refund(view, changes);
        if (request is not null && made is null) changes.Forgotten.Add(request.Request);
        if (request is not null && made is not null) changes.Remembered.Add((request.Request, wish.OrderId, request.Answer(made)));
        return made is null ? refusal! : new RefundAnswer(made, null);
    }

    private Answer<RefundMade> Refund(StockView view, StockChanges changes)
    {
        if (!view.Orders.TryGetValue(wish.OrderId, out var order)) return PlatformProblems.NotFound.With("There is no such order.");
        var tickets = view.Tickets.GetValueOrDefault(order.Id) ?? [];
        if (wish.HolderId is { } holder && order.UserId != holder && tickets.TrueForAll(t => t.UserId != holder)) return PlatformProblems.NotOwner.With("The order is somebody else's.");
        if (order.Status is "payment_pending" or "payment_failed" or "expired") return InventoryProblems.TicketNotIssued.With($"The order is {order.Status}; it has no tickets.");
        if (order.Status == "refunded") return InventoryProblems.AlreadyRefunded.With("All of the order has been given back.");

        var (chosen, refusal) = wish.TicketIds is { } named ? ChooseNamed(named, tickets, order) : ChooseAll(tickets, order);
        if (chosen is null) return refusal!;
        var dying = chosen.Dying;
        if (wish.HolderId is not null && RefuseHolder(view, dying) is { } closed) return closed;

        var feePercent = wish.HolderId is null || view.RefundPolicy is not { } policy || policy.GivesAllBack(view.Now) ? 0 : policy.FeePercent;
        var fee = dying.Sum(t => Fee(t.PaidMinor, feePercent, order.Currency));
        // What the organiser gave back in the provider's dashboard, for no ticket in particular, is not paid again.
        var amount = Math.Clamp(dying.Sum(t => t.PaidMinor) - fee, 0, Math.Max(0, order.TotalMinor - view.Refunds.GetValueOrDefault(order.Id, []).Sum(r => r.AmountMinor)));
        var status = view.Tickets[order.Id].Count(t => t.IsAlive) == dying.Count ? "refunded" : "partially_refunded";
        var made = new RefundMade(Guid.CreateVersion7(view.Now), order.Id, status, amount > 0 ? "pending" : "succeeded", amount, fee, order.Currency,
            dying.ConvertAll(t => t.Id), wish.Reason, view.Now)
        { LeftOut = chosen.LeftOut };
        if (!wish.IsPreview) Write(view, changes, order, made, dying);
        return made;
    }

    /// <summary>
    /// A ticket's part of the fee, half a minor unit up, or half of a <see cref="ChargeStep"/> where the ticket was paid in whole ones. By the ticket, so that
    /// refunds in parts come to the same as one of all.
    /// </summary>
    internal static long Fee(long paidMinor, int percent, string currency)
    {
        var step = ChargeStep.Of(currency) is var wanted && paidMinor % wanted == 0 ? wanted : 1;
        return step * Rounding.Share(paidMinor / step, percent, 100);
    }

    private bool IsBuyer(OrderState order) => wish.HolderId is { } holder && order.UserId == holder;

    private Answer<Chosen> ChooseAll(List<TicketState> tickets, OrderState order)
    {
        var mine = tickets.FindAll(t => t.IsAlive && (wish.HolderId is null || t.UserId == wish.HolderId));
        var blocked = mine.FindAll(t => t.IsBlocked);
        var transferred = IsBuyer(order) ? tickets.FindAll(t => t.IsAlive && t.UserId != wish.HolderId) : [];
        if (mine.Count > blocked.Count)
        {
            return new Chosen(mine.FindAll(t => !t.IsBlocked), [.. blocked.Select(t => new LeftOutTicket(t.Id, InventoryProblems.TicketBlocked.Code)),
                .. transferred.Select(t => new LeftOutTicket(t.Id, PlatformProblems.NotOwner.Code))]);
        }
        if (blocked.Count > 0) return Blocked(blocked[0]);
        return transferred.Count > 0 ? Transferred(transferred[0]) : InventoryProblems.AlreadyRefunded.With("None of the order's tickets can be given back any more.");
    }

    private Answer<Chosen> ChooseNamed(IReadOnlyList<Guid> named, List<TicketState> tickets, OrderState order)
    {
        var dying = new List<TicketState>();
        foreach (var id in named)
        {
            if (tickets.Find(t => t.Id == id) is not { } ticket) return PlatformProblems.Invalid("/ticketIds", $"The order has no ticket {id}.");
            var isAnothers = wish.HolderId is { } holder && ticket.UserId != holder;
            if (isAnothers && !IsBuyer(order)) return PlatformProblems.NotOwner.With($"Ticket {id} belongs to somebody else.");
            if (!ticket.IsAlive) return InventoryProblems.AlreadyRefunded.With($"Ticket {id} is {ticket.Status}.");
            if (isAnothers) return Transferred(ticket);
            if (ticket.IsBlocked && wish.HolderId is not null) return Blocked(ticket);
            dying.Add(ticket);
        }
        return new Chosen(dying, []);
    }

    private Refusal Blocked(TicketState ticket) => InventoryProblems.TicketBlocked.With(wish.HolderId is null
        ? $"Ticket {ticket.Id} is blocked: name it in ticketIds to give it back."
        : $"Ticket {ticket.Id} is blocked; ask the organiser.");

    private static Refusal Transferred(TicketState ticket) =>
        PlatformProblems.NotOwner.With($"Ticket {ticket.Id} was transferred: its present holder can give it back, and the money then goes to the buyer of the order.");

    private static Refusal? RefuseHolder(StockView view, List<TicketState> dying)
    {
        if (dying.Find(t => t.IsAdmitted) is { } used) return InventoryProblems.TicketUsed.With($"Ticket {used.Id} has been admitted; ask the organiser.");
        return view.RefundPolicy is { } policy && policy.IsClosed(view.Now)
            ? InventoryProblems.RefundWindowClosed.With($"Refunds ended at {policy.ClosesAt:u}; ask the organiser.")
            : null;
    }

    private void Write(StockView view, StockChanges changes, OrderState order, RefundMade made, List<TicketState> dying)
    {
        Kill(view, changes, order, made, dying, (EventId, wish.Becomes));
        changes.Refunds.Add(new NewRefund(made.RefundId, order.Id, order.PaymentId, made.AmountMinor, order.Currency, wish.Reason)
        {
            Status = made.Status, FeeMinor = made.FeeMinor, RequestedBy = wish.By.Kind == ActorKind.User ? wish.By.Id : null,
        });
        changes.Audit(view.Now, wish.By, new AuditEntry("order.refund", "order", order.Id, new { order.Status },
            new { Status = made.OrderStatus, made.RefundId, made.AmountMinor, made.FeeMinor, order.Currency, made.TicketIds, Tickets = wish.Becomes, wish.Reason }));
    }

    /// <summary>What every refund of tickets does beside its own row: they die, their places return to sale, the order moves, and all of it is told.</summary>
    internal static void Kill(StockView view, StockChanges changes, OrderState order, RefundMade made, List<TicketState> dying, (Guid EventId, string Becomes) how)
    {
        foreach (var ticket in dying)
        {
            view.Types[ticket.TypeId].Move(heldBy: 0, soldBy: -1);
            if (ticket.UserId is { } owner) view.CollectOwned(owner, ticket.TypeId, -1);
            changes.TicketDeaths.Add(new TicketDeath(ticket.Id, how.Becomes, made.RefundId));
            var told = new { TicketId = ticket.Id, OrderId = order.Id, how.EventId, made.RefundId, HolderId = ticket.UserId, BuyerId = order.UserId };
            if (how.Becomes == "cancelled") changes.Tell(view.Now, "ticket.cancelled", ticket.Id, told);
            else changes.Tell(view.Now, "ticket.refunded", ticket.Id, told);
        }
        view.Tickets[order.Id] = view.Tickets[order.Id].ConvertAll(t => dying.Contains(t) ? t with { Status = how.Becomes } : t);
        if (made.OrderStatus == "refunded") view.GiveUsesBack(changes, order);
        view.Orders[order.Id] = order with { Status = made.OrderStatus };
        changes.OrderMoves.Add(new OrderMove(order.Id, made.OrderStatus, null));
        if (!view.Refunds.TryGetValue(order.Id, out var refunds)) view.Refunds[order.Id] = refunds = [];
        refunds.Add(new RefundState(made.RefundId, order.Id, made.Status, made.AmountMinor, null));
        var owed = new { OrderId = order.Id, how.EventId, made.RefundId, Tickets = dying.Count, made.AmountMinor, made.FeeMinor, order.Currency };
        if (made.OrderStatus == "refunded") changes.Tell(view.Now, "order.refunded", order.Id, owed);
        else changes.Tell(view.Now, "order.partially_refunded", order.Id, owed);
    }
}

/// <summary>The tickets that a refund is of, and those that it leaves out.</summary>
internal sealed record Chosen(List<TicketState> Dying, IReadOnlyList<LeftOutTicket> LeftOut);

/// <summary>A refund's idempotency key, and how its answer is written.</summary>
internal sealed record KeyedRefund(KeyedRequest Request, Func<RefundMade, StoredAnswer> Answer);

/// <summary>A refund, or the answer that its key already has.</summary>
internal sealed record RefundAnswer(RefundMade? Made, StoredAnswer? Repeated);
