using System.Security.Cryptography;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What is to be bought: a hold of the customer's, or tickets in one step.</summary>
/// <param name="Items">Of the hold, when there is one: its types are locked either way.</param>
internal sealed record WantedTickets(Guid? HoldId, IReadOnlyList<HoldItem> Items);

/// <summary>How it is to be paid. <c>free</c> needs no provider and is settled at once.</summary>
internal sealed record PaymentWish(string Method, string? Token)
{
    public bool IsFree => Method == "free";

    /// <summary>Whoever takes the cash: the order has no owner, and names them.</summary>
    public Actor? SoldBy { get; init; }

    /// <summary>The money is there, or there is none: no provider has to be asked.</summary>
    public bool IsSettledAtOnce => IsFree || SoldBy is not null;
}

/// <summary>An order as it stands after its payment began, or the answer that its key already has.</summary>
internal sealed record PaymentBegun(PaidOrder? Paid, OpenPayment? Pending, StoredAnswer? Repeated);

internal sealed record PaidOrder(Guid OrderId, string Number, long TotalMinor, string Currency, IReadOnlyList<NewTicket> Tickets);

/// <summary>How long things last while a payment runs.</summary>
/// <param name="PaymentWindow">The least time that a hold still has once its payment has begun.</param>
/// <param name="AskAfter">When the reconciler first asks the provider about a payment that nobody settled.</param>
internal sealed record PaymentTimes(TimeSpan PaymentWindow, TimeSpan AskAfter);

/// <summary>
/// The first of a purchase's two transactions: an order that is <c>payment_pending</c>, its payment <c>created</c>, the hold bound to it and
/// its time moved once. Nothing has been asked of a provider yet, so a refusal costs nobody money. A free order is paid here and then.
/// </summary>
internal sealed class BeginPayment(
    Guid tenantId, Guid eventId, Guid userId, WantedTickets wanted, PaymentWish wish, PaymentTimes times, KeyedRequest request, Func<PaidOrder, StoredAnswer> answer)
    : StockCommand<PaymentBegun>(tenantId, eventId)
{
    private const string NumberAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int NumberLength = 10;

    internal override IEnumerable<Guid> TicketTypeIds => wanted.Items.Select(i => i.TicketTypeId);

    // What is sold at the counter belongs to whoever holds it: no customer's limit counts.
    internal override Guid? CustomerId => Owner;

    private Guid? Owner => wish.SoldBy is null ? userId : null;

    internal override Guid? HoldId => wanted.HoldId;

    internal override KeyedRequest Request => request;

    private protected override Answer<PaymentBegun> Rule(StockView view, StockChanges changes)
    {
        if (view.Repeated(request) is { } before)
            return before.Value is { } stored ? new PaymentBegun(null, null, stored) : before.Refusal!;

        var orderId = Guid.CreateVersion7(view.Now);
        var rows = wanted.HoldId is { } holdId ? TryBind(view, changes, holdId, orderId) : TryTake(view, changes, orderId);
        if (rows.Value is not { } held)
        {
            changes.Forgotten.Add(request);
            return rows.Refusal!;
        }
        return Write(view, changes, orderId, held);
    }

    private Answer<List<HeldRow>> TryTake(StockView view, StockChanges changes, Guid orderId)
    {
        if (Total(wanted.Items.Select(i => view.Types.TryGetValue(i.TicketTypeId, out var t) ? t.PriceMinor * i.Quantity : 0)) is var total && RefuseMethod(total) is { } unpayable)
            return unpayable;
        return view.TryTake(wanted.Items, Owner) is { } refusal
            ? refusal
            : HoldStock.Place(view, changes, EventId, userId, wanted.Items, view.Now + times.PaymentWindow, orderId);
    }

    private Answer<List<HeldRow>> TryBind(StockView view, StockChanges changes, Guid holdId, Guid orderId)
    {
        if (!view.Holds.TryGetValue(holdId, out var rows)) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != userId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");
        if (rows[0].Status == "expired" || (rows[0].Status == "held" && rows[0].ExpiresAt <= view.Now))
            return InventoryProblems.ReservationExpired.With($"It expired at {rows[0].ExpiresAt:u}; nothing was charged. Reserve again.");
        if (rows[0].Status != "held") return InventoryProblems.ReservationNotHeld.With($"It was {rows[0].Status}.");
        if (rows[0].OrderId is not null) return InventoryProblems.ReservationNotHeld.With("It is being paid already.");
        // The hold was made in time, so the window may have closed since; a pause, a cancel or a new date stop its sale all the same.
        if (view.Window is not { StatusSells: true }) return SaleWindow.Closed(view.Window);
        if (RefuseMethod(Total(rows.Select(r => r.UnitPriceMinor * r.Quantity))) is { } unpayable) return unpayable;

        var expiresAt = rows[0].ExpiresAt > view.Now + times.PaymentWindow ? rows[0].ExpiresAt : view.Now + times.PaymentWindow;
        var bound = rows.ConvertAll(row => row with { OrderId = orderId, ExpiresAt = expiresAt });
        changes.HoldsBound.AddRange(bound.Select(row => new HoldBound(row.Id, orderId, expiresAt)));
        view.Holds[holdId] = bound;
        return bound;
    }

    private Refusal? RefuseMethod(long totalMinor) => wish.IsFree && totalMinor > 0
        ? InventoryProblems.PaymentMethodUnavailable.With("Only an order that costs nothing is free.")
        : null;

    private PaymentBegun Write(StockView view, StockChanges changes, Guid orderId, List<HeldRow> rows)
    {
        var total = Total(rows.Select(r => r.UnitPriceMinor * r.Quantity));
        var order = new OrderState(orderId, RandomNumberGenerator.GetString(NumberAlphabet, NumberLength), Owner, rows[0].HoldId, "payment_pending",
            total, rows[0].Currency, Guid.CreateVersion7(view.Now), "created");
        view.Orders[orderId] = order;
        changes.OrderItems.AddRange(rows.Select((row, n) => new NewOrderItem(orderId, n + 1, row.TicketTypeId, row.Quantity, row.UnitPriceMinor)));

        if (wish.IsSettledAtOnce)
        {
            var paid = SettlePayment.Issue(view, changes, EventId, order, rows);
            changes.Orders.Add(New(order, "paid"));
            changes.Payments.Add(New(order, rows[0].ExpiresAt, "succeeded", view.Now));
            changes.Remembered.Add((request, orderId, answer(paid)));
            if (wish.SoldBy is { } seller)
                changes.Audit(view.Now, seller, new AuditEntry("order.sell", "order", orderId, null, new { wish.Method, Tickets = paid.Tickets.Count, paid.TotalMinor, paid.Currency }));
            return new PaymentBegun(paid, null, null);
        }
        changes.Orders.Add(New(order, "payment_pending"));
        changes.Payments.Add(New(order, rows[0].ExpiresAt, "created", view.Now + times.AskAfter));
        changes.Remembered.Add((request, orderId, null));
        return new PaymentBegun(null, new OpenPayment
        {
            TenantId = TenantId,
            EventId = EventId,
            OrderId = orderId,
            OrderNumber = order.Number,
            HoldId = order.HoldId,
            UserId = Owner,
            PaymentId = order.PaymentId,
            Method = wish.Method,
            Token = wish.Token,
            AmountMinor = total,
            Currency = order.Currency,
            HoldExpiresAt = rows[0].ExpiresAt,
            TicketTypeIds = [.. TicketTypeIds],
        }, null);
    }

    private NewOrder New(OrderState order, string status) =>
        new(order.Id, order.Number, EventId, Owner, order.HoldId, status, order.TotalMinor, order.Currency, Reference: null) { SoldBy = wish.SoldBy?.Id };

    private NewPayment New(OrderState order, DateTimeOffset holdExpiresAt, string status, DateTimeOffset nextCheckAt) =>
        new(order.PaymentId, order.Id, wish.Method, wish.Token, status, order.TotalMinor, order.Currency, holdExpiresAt, nextCheckAt);

    private static long Total(IEnumerable<long> lines) => lines.Aggregate(0L, (sum, line) => checked(sum + line));
}
