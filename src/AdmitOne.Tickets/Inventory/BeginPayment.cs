using System.Security.Cryptography;
using AdmitOne.Contracts;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What is to be bought: a hold of the customer's, or tickets in one step.</summary>
/// <param name="Items">Of the hold, when there is one: its types are locked either way.</param>
/// <param name="Discounts">Codes of a purchase in one step, or what the hold was priced with.</param>
internal sealed record WantedTickets(Guid? HoldId, IReadOnlyList<HoldItem> Items, WantedDiscounts Discounts)
{
    /// <summary>What the customer was shown: another total is refused. Null for any.</summary>
    public Money? ExpectedTotal { get; init; }
}

/// <summary>How it is to be paid. <c>free</c> needs no provider and is settled at once.</summary>
internal sealed record PaymentWish(string Method, string? Token)
{
    public bool IsFree => Method == "free";

    /// <summary>Whoever takes the cash: the order has no owner, and names them.</summary>
    public Actor? SoldBy { get; init; }

    /// <summary>Why the tickets are given away; null for a sale. Set together with <see cref="SoldBy"/>, for an order that is free.</summary>
    public string? ComplimentaryBecause { get; init; }

    /// <summary>Whom the order is for.</summary>
    public OrderContact Contact { get; init; } = OrderContact.None;

    /// <summary>What is known of the buyer; an event may ask for more.</summary>
    public BuyerStanding Buyer { get; init; } = BuyerStanding.VerifiedEmail;

    /// <summary>The order's id, where an order service has given it one.</summary>
    public Guid? OrderId { get; init; }

    /// <summary>Nobody owns the order, so no customer's limit counts.</summary>
    public bool IsOwnerless { get; init; }

    /// <summary>Says why this method cannot charge a sum (minor units, currency); null if it can charge any.</summary>
    public Func<long, string, string?>? RefuseAmount { get; init; }

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
    Guid tenantId, Guid eventId, Guid userId, WantedTickets wanted, PaymentWish wish, PaymentTimes times, KeyedRequest? request, Func<PaidOrder, StoredAnswer> answer)
    : StockCommand<PaymentBegun>(tenantId, eventId)
{
    private const string NumberAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int NumberLength = 10;

    // Known before its batch begins, so that the key's row is written once with it; deciding again makes the same order.
    private readonly Guid _orderId = wish.OrderId ?? Guid.CreateVersion7();

    internal override IEnumerable<Guid> TicketTypeIds => wanted.Items.Select(i => i.TicketTypeId);

    // What is sold at the counter belongs to whoever holds it: no customer's limit counts.
    internal override Guid? CustomerId => Owner;

    private Guid? Owner => wish.SoldBy is null && !wish.IsOwnerless ? userId : null;

    internal override bool MayHoldUnpaid => Owner is not null && wanted.HoldId is null && !wish.IsSettledAtOnce;

    internal override Guid? HoldId => wanted.HoldId;

    internal override Guid? OrderId => wish.OrderId;

    internal override KeyedRequest? Request => request is null ? null : request with { OrderId = _orderId };

    internal override WantedDiscounts Discounts => wanted.Discounts;

    internal override bool CountsUses => true;

    private protected override Answer<PaymentBegun> Rule(StockView view, StockChanges changes)
    {
        if (view.Repeated(request) is { } before)
            return before.Value is { } stored ? new PaymentBegun(null, null, stored) : before.Refusal!;

        if (wish.OrderId is { } known && view.Orders.ContainsKey(known)) return PlatformProblems.AlreadyExists.With("There is an order of this id.");
        var orderId = _orderId;
        var rows = wanted.HoldId is { } holdId ? TryBind(view, changes, holdId, orderId) : TryTake(view, changes, orderId);
        if (rows.Value is not { } bill)
        {
            if (request is not null) changes.Forgotten.Add(request);
            return rows.Refusal!;
        }
        return Write(view, changes, orderId, bill);
    }

    private Answer<HeldBill> TryTake(StockView view, StockChanges changes, Guid orderId)
    {
        if (view.TryTake(wanted.Items, Owner, isUnpaid: !wish.IsSettledAtOnce, wish.Buyer) is { } refusal) return refusal;
        var (priced, unpriced) = wish.ComplimentaryBecause is null ? view.Price(EventId, Owner, wanted.Items, wanted.Discounts.Codes) : (Complimentary(view), null);
        var (total, currency) = (view.Total(wanted.Items, priced), view.Types[wanted.Items[0].TicketTypeId].Currency);
        if ((unpriced ?? PricingProblems.RefuseOtherTotal(wanted.ExpectedTotal, total, currency) ?? RefuseMethod(total, currency) ?? view.TryCountUses(Ids(priced), Owner)) is { } unpayable)
        {
            view.PutBack(wanted.Items, Owner);
            return unpayable;
        }
        return new HeldBill(HoldStock.Place(view, changes, EventId, userId, wanted.Items, priced, view.Now + times.PaymentWindow, orderId), priced);
    }

    // Without a price there is nothing to tax, to discount or to give back.
    private Priced Complimentary(StockView view) => new(view.Types[wanted.Items[0].TicketTypeId].Currency, TotalMinor: 0,
        [.. wanted.Items.Select(item => new PriceLine(PriceLineKind.Ticket, item.TicketTypeId, null, item.Quantity, UnitMinor: 0, TotalMinor: 0))],
        [.. wanted.Items.Select(item => new PricedTickets(item.TicketTypeId, UnitMinor: 0, new long[item.Quantity]))], []);

    private Answer<HeldBill> TryBind(StockView view, StockChanges changes, Guid holdId, Guid orderId)
    {
        if (!view.Holds.TryGetValue(holdId, out var rows)) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != userId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");
        if (rows[0].Status == "expired" || (rows[0].Status == "held" && rows[0].ExpiresAt <= view.Now))
            return InventoryProblems.ReservationExpired.With($"It expired at {rows[0].ExpiresAt:u}; nothing was charged. Reserve again.");
        if (rows[0].Status != "held") return InventoryProblems.ReservationNotHeld.With($"It was {rows[0].Status}.");
        if (rows[0].OrderId is not null) return InventoryProblems.ReservationNotHeld.With("It is being paid already.");
        if (view.HasOtherTypes(rows) || Ids(Priced.Read(rows[0].Priced))?.All(wanted.Discounts.Ids.Contains) == false)
            return InventoryProblems.ReservationChanged.With("It was changed a moment ago; nothing was charged. Look at it and buy again.");
        // The hold was made in time, so the window may have closed since; a pause, a cancel or a new date stop its sale all the same.
        if (view.Window is not { StatusSells: true }) return SaleWindow.Closed(view.Window);
        if (view.Window.Refuse(wish.Buyer) is { } notAllowed) return notAllowed;
        var priced = Priced.Read(rows[0].Priced);
        var total = priced?.TotalMinor ?? Total(rows.Select(r => r.UnitPriceMinor * r.Quantity));
        if ((PricingProblems.RefuseOtherTotal(wanted.ExpectedTotal, total, rows[0].Currency) ?? RefuseMethod(total, rows[0].Currency)) is { } unpayable) return unpayable;
        if (view.TryCountUses(Ids(priced), Owner) is { } exhausted) return exhausted;

        // A payment gives its hold more time once: declined cards do not keep the places from others for ever.
        var expiresAt = rows[0].IsExtended || rows[0].ExpiresAt > view.Now + times.PaymentWindow ? rows[0].ExpiresAt : view.Now + times.PaymentWindow;
        var bound = rows.ConvertAll(row => row with { OrderId = orderId, ExpiresAt = expiresAt });
        changes.HoldsBound.AddRange(bound.Select(row => new HoldBound(row.Id, orderId, expiresAt)));
        view.Holds[holdId] = bound;
        return new HeldBill(bound, priced);
    }

    private Refusal? RefuseMethod(long totalMinor, string currency) =>
        wish.IsFree && totalMinor > 0 ? InventoryProblems.PaymentMethodUnavailable.With("Only an order that costs nothing is free.")
        : wish.RefuseAmount?.Invoke(totalMinor, currency) is { } why ? InventoryProblems.PaymentMethodUnavailable.With(why)
        : null;

    private PaymentBegun Write(StockView view, StockChanges changes, Guid orderId, HeldBill bill)
    {
        var (rows, priced) = bill;
        var total = priced?.TotalMinor ?? Total(rows.Select(r => r.UnitPriceMinor * r.Quantity));
        var order = new OrderState(orderId, RandomNumberGenerator.GetString(NumberAlphabet, NumberLength), Owner, rows[0].HoldId, "payment_pending",
            total, rows[0].Currency, Guid.CreateVersion7(view.Now), "created", Ids(priced));
        view.Orders[orderId] = order;
        var lines = priced?.Lines ?? rows.ConvertAll(row => new PriceLine(PriceLineKind.Ticket, row.TicketTypeId, null, row.Quantity, row.UnitPriceMinor, row.UnitPriceMinor * row.Quantity));
        // An order keeps the names under which it was sold.
        changes.OrderItems.AddRange(lines.Select((line, n) => new NewOrderItem(orderId, n + 1, line with { Label = line.Label ?? view.Types[line.TicketTypeId].Name })));
        changes.Redemptions.AddRange((priced?.Discounts ?? []).Select(d => new NewRedemption(d.Id, orderId, Owner, d.AmountMinor, order.Currency)));

        if (wish.IsSettledAtOnce)
        {
            var paid = SettlePayment.Issue(view, changes, EventId, order, rows);
            changes.Orders.Add(New(order, "paid"));
            changes.Payments.Add(New(order, rows[0].ExpiresAt, "succeeded", view.Now));
            if (request is not null) changes.Remembered.Add((request, orderId, answer(paid)));
            if (wish.SoldBy is { } seller)
            {
                changes.Audit(view.Now, seller, wish.ComplimentaryBecause is { } reason
                    ? new AuditEntry("order.give", "order", orderId, null, new { Tickets = paid.Tickets.Count, Reason = reason })
                    : new AuditEntry("order.sell", "order", orderId, null, new { wish.Method, Tickets = paid.Tickets.Count, paid.TotalMinor, paid.Currency }));
            }
            return new PaymentBegun(paid, null, null);
        }
        changes.Orders.Add(New(order, "payment_pending"));
        changes.Payments.Add(New(order, rows[0].ExpiresAt, "created", view.Now + times.AskAfter));
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
            // Those of the hold as it is now: it may have been changed since the request was read.
            TicketTypeIds = [.. rows.Select(row => row.TicketTypeId).Distinct()],
            DiscountIds = order.DiscountIds?.ToArray(),
        }, null);
    }

    private NewOrder New(OrderState order, string status) =>
        new(order.Id, order.Number, EventId, Owner, order.HoldId, status, order.TotalMinor, order.Currency, Reference: null)
        {
            SoldBy = wish.SoldBy?.Id, DiscountIds = order.DiscountIds, Contact = wish.Contact,
        };

    private NewPayment New(OrderState order, DateTimeOffset holdExpiresAt, string status, DateTimeOffset nextCheckAt) =>
        new(order.PaymentId, order.Id, wish.Method, wish.Token, status, order.TotalMinor, order.Currency, holdExpiresAt, nextCheckAt);

    // An order without discounts says null, so that nobody looks for any.
    private static Guid[]? Ids(Priced? priced) => priced is { Discounts: { Count: > 0 } discounts } ? [.. discounts.Select(d => d.Id)] : null;

    private static long Total(IEnumerable<long> lines) => lines.Aggregate(0L, (sum, line) => checked(sum + line));

    private sealed record HeldBill(List<HeldRow> Rows, Priced? Priced);
}
