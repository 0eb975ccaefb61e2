using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>
/// The rows of one event in memory, changed by the same rules and the same list of changes as in the database, and checked after each batch
/// as the recount checks them there.
/// </summary>
internal sealed class Books
{
    private sealed record Type(Guid Id, Guid Section, int Quantity, long Price, int? PerCustomer, PricePolicy? Policy);

    private readonly Guid _tenant = Guid.CreateVersion7();
    private readonly Dictionary<Guid, int> _capacity = [];
    private readonly List<Type> _types = [];
    private readonly Dictionary<Guid, HeldRow> _rows = [];
    private readonly Dictionary<Guid, OrderState> _orders = [];
    private readonly Dictionary<Guid, List<NewOrderItem>> _items = [];
    private readonly List<NewTicket> _tickets = [];
    private readonly Dictionary<Guid, (int Held, int Sold)> _stock = [];
    private readonly Dictionary<(Guid, string, string), (KnownRequest Known, Guid? Order)> _requests = [];
    private readonly List<NewRefund> _refunds = [];
    private readonly Dictionary<Guid, DiscountTerms> _discounts = [];
    private readonly Dictionary<(Guid Discount, Guid Order), (NewRedemption Of, string Status)> _redemptions = [];
    private readonly Dictionary<Guid, TicketDeath> _dead = [];
    private readonly HashSet<Guid> _admitted = [];

    public Guid EventId { get; } = Guid.CreateVersion7();

    public DateTimeOffset Now { get; set; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public string EventStatus { get; set; } = "on_sale";

    public int FeePercent { get; set; }

    public HoldRules Rules { get; init; } = HoldRules.None;

    /// <summary>What a customer has held and not paid for, by the clock.</summary>
    public int Unpaid(Guid user) => _rows.Values.Where(r => r.UserId == user && r.Status == "held" && r.ExpiresAt > Now).Sum(r => r.Quantity);

    /// <summary>The door lets a ticket in, if it still lives.</summary>
    public bool TryAdmit(Guid ticket) => !_dead.ContainsKey(ticket) && _admitted.Add(ticket);

    public Guid Tenant => _tenant;

    public IReadOnlyList<Guid> TypeIds => _types.ConvertAll(t => t.Id);

    public IReadOnlyCollection<OrderState> Orders => _orders.Values;

    public IReadOnlyCollection<HeldRow> Rows => _rows.Values;

    public IReadOnlyList<NewTicket> Tickets => _tickets;

    public IReadOnlyList<NewRefund> Refunds => _refunds;

    public int Used(string code) => _discounts.Values.Single(d => d.Code == code).Used;

    public bool IsAlive(NewTicket ticket) => !_dead.ContainsKey(ticket.Id);

    public bool IsAdmitted(Guid ticket) => _admitted.Contains(ticket);

    public Guid AddSection(int capacity)
    {
        var id = Guid.CreateVersion7();
        _capacity[id] = capacity;
        return id;
    }

    public Guid AddType(Guid section, int quantity, long price, int? perCustomer = null, PricePolicy? policy = null)
    {
        var type = new Type(Guid.CreateVersion7(), section, quantity, price, perCustomer, policy);
        _types.Add(type);
        _stock[type.Id] = (0, 0);
        return type.Id;
    }

    public void AddDiscount(string code, int percentBp, int? maxUses = null, int? perCustomer = null)
    {
        var id = Guid.CreateVersion7();
        _discounts[id] = new DiscountTerms
        {
            Id = id, Code = code, Kind = DiscountKind.Percentage, PercentBp = percentBp, ValidFrom = Now.AddYears(-1), ValidUntil = Now.AddYears(1), MaxUses = maxUses,
            MaxUsesPerCustomer = perCustomer,
        };
    }

    public (int Held, int Sold) Stock(Guid type) => _stock[type];

    /// <summary>Decides and "commits" one batch, then checks the books.</summary>
    public void Run(params StockCommand[] commands)
    {
        var view = View(commands);
        var changes = new StockChanges();
        SweepExpired.First(view, changes);
        foreach (var command in commands) command.Decide(view, changes);
        Write(view, changes, commands);
        foreach (var command in commands) command.Complete();
        Check();
    }

    private StockView View(StockCommand[] commands)
    {
        var locked = commands.SelectMany(c => c.TicketTypeIds).ToHashSet();
        var sections = _capacity.ToDictionary(c => c.Key, c => new SectionState(c.Key, c.Value,
            _types.Where(t => t.Section == c.Key).Sum(t => _stock[t.Id].Held), _types.Where(t => t.Section == c.Key).Sum(t => _stock[t.Id].Sold)));
        return new StockView
        {
            Now = Now,
            Rules = Rules,
            Unpaid = commands.Where(c => c.MayHoldUnpaid).Select(c => c.CustomerId).OfType<Guid>().Distinct().ToDictionary(u => u, Unpaid),
            Window = new SaleWindow(EventStatus, Now.AddDays(-1), Now.AddDays(1)),
            Types = _types.Where(t => locked.Contains(t.Id)).ToDictionary(t => t.Id, t => new TypeState(t.Id, sections[t.Section], t.Quantity, _stock[t.Id])
            {
                Name = "type", PriceMinor = t.Price, Currency = "EUR", MinPerOrder = 1, MaxPerOrder = 10, MaxPerCustomer = t.PerCustomer,
                SalesStartAt = null, SalesEndAt = null, IsDeleted = false, PricePolicy = t.Policy,
            }),
            Holds = commands.Select(c => c.HoldId).OfType<Guid>().Distinct()
                .Select(hold => _rows.Values.Where(r => r.HoldId == hold).OrderBy(r => r.Id).ToList()).Where(rows => rows.Count > 0).ToDictionary(rows => rows[0].HoldId),
            Orders = commands.Select(c => c.OrderId).OfType<Guid>().Where(_orders.ContainsKey).Distinct().ToDictionary(id => id, id => _orders[id]),
            Owned = commands.Select(c => c.CustomerId).OfType<Guid>().Distinct().SelectMany(u => _types.Where(t => t.PerCustomer is not null).Select(t => (User: u, Type: t.Id)))
                .ToDictionary(k => k, k => _rows.Values.Where(r => r.UserId == k.User && r.TicketTypeId == k.Type && r.Status == "held" && r.ExpiresAt > Now).Sum(r => r.Quantity)
                    + _tickets.Count(t => t.UserId == k.User && t.TicketTypeId == k.Type && IsAlive(t))),
            Discounts = [.. _discounts.Values.Where(d => commands.Any(c => c.Discounts.Codes.Contains(d.Code) || c.Discounts.Ids.Contains(d.Id))).Select(State)],
            Tickets = commands.Select(c => c.TicketsOf).OfType<Guid>().Distinct().ToDictionary(id => id, id => _tickets.Where(t => t.OrderId == id)
                .Select(t => new TicketState(t.Id, id, t.TicketTypeId, t.UserId, _dead.GetValueOrDefault(t.Id)?.Becomes ?? "issued", t.PaidMinor, _admitted.Contains(t.Id))).ToList()),
            RefundPolicy = new RefundPolicyState(Now.AddDays(1), FeePercent, AllBackUntil: null),
            Requests = commands.Select(c => c.Request).OfType<KeyedRequest>().Select(r => (r.UserId, r.Route, r.Key)).Distinct()
                .Where(_requests.ContainsKey).ToDictionary(k => k, k => _requests[k].Known),
            Expired = _rows.Values.Where(r => r.Status == "held" && r.ExpiresAt <= Now && locked.Contains(r.TicketTypeId)).ToArray(),
        };
    }

    private DiscountState State(DiscountTerms terms)
    {
        var state = new DiscountState(terms, isDeleted: false);
        foreach (var customer in _redemptions.Values.Where(r => r.Status == "counted" && r.Of.DiscountId == terms.Id).GroupBy(r => r.Of.UserId!.Value)) state.ByCustomer[customer.Key] = customer.Count();
        return state;
    }

    private void Write(StockView view, StockChanges changes, StockCommand[] commands)
    {
        foreach (var type in view.Types.Values) _stock[type.Id] = (_stock[type.Id].Held + type.HeldChange, _stock[type.Id].Sold + type.SoldChange);
        foreach (var added in changes.Held) _rows.Add(added.Row.Id, added.Row);
        foreach (var hold in changes.Rewritten.Values)
        {
            foreach (var gone in hold.Before.Skip(hold.After.Count)) _rows.Remove(gone.Id);
            foreach (var row in hold.After) _rows[row.Id] = row;
        }
        foreach (var freed in changes.HoldsFreed) _rows[freed.RowId] = _rows[freed.RowId] with { OrderId = null, IsExtended = true };
        foreach (var bound in changes.HoldsBound) _rows[bound.RowId] = _rows[bound.RowId] with { OrderId = bound.OrderId, ExpiresAt = bound.ExpiresAt };
        foreach (var move in changes.HoldMoves.GroupBy(m => m.RowId).Select(g => g.Last()))
            if (_rows[move.RowId].Status == "held") _rows[move.RowId] = _rows[move.RowId] with { Status = move.Status };
        foreach (var order in changes.Orders)
        {
            var payment = changes.Payments.Single(p => p.OrderId == order.Id);
            _orders.Add(order.Id, new OrderState(order.Id, order.Number, order.UserId, order.HoldId, order.Status, order.TotalMinor, order.Currency, payment.Id, payment.Status,
                order.DiscountIds));
            _items[order.Id] = changes.OrderItems.Where(i => i.OrderId == order.Id).ToList();
        }
        foreach (var move in changes.OrderMoves.GroupBy(m => m.OrderId).Select(g => g.Last()))
            if (_orders[move.OrderId].Status is not "refunded") _orders[move.OrderId] = _orders[move.OrderId] with { Status = move.Status };
        foreach (var move in changes.PaymentMoves)
            foreach (var order in _orders.Values.Where(o => o.PaymentId == move.PaymentId && o.PaymentStatus != "succeeded").ToArray()) _orders[order.Id] = order with { PaymentStatus = move.Status };
        foreach (var discount in view.Discounts) _discounts[discount.Terms.Id] = discount.Terms with { Used = discount.Used };
        foreach (var redemption in changes.Redemptions) _redemptions.Add((redemption.DiscountId, redemption.OrderId), (redemption, "counted"));
        foreach (var move in changes.RedemptionMoves)
            foreach (var key in _redemptions.Keys.Where(k => k.Order == move.OrderId).ToArray()) _redemptions[key] = (_redemptions[key].Of, move.Status);
        _tickets.AddRange(changes.Tickets);
        _refunds.AddRange(changes.Refunds);
        foreach (var death in changes.TicketDeaths) _dead.Add(death.TicketId, death);   // a second death would throw

        foreach (var request in commands.Select(c => c.Request).OfType<KeyedRequest>())
            _requests.TryAdd((request.UserId, request.Route, request.Key), (new KnownRequest(request.Fingerprint, null), request.OrderId));
        foreach (var forgotten in changes.Forgotten) _requests.Remove((forgotten.UserId, forgotten.Route, forgotten.Key));
        foreach (var (request, order, answer) in changes.Remembered) _requests[(request.UserId, request.Route, request.Key)] = (new KnownRequest(request.Fingerprint, answer), order);
        foreach (var kept in changes.Kept)
            foreach (var key in _requests.Where(r => r.Value.Order == kept.OrderId && r.Value.Known.Answer is null).Select(r => r.Key).ToArray())
                _requests[key] = (_requests[key].Known with { Answer = kept.Answer }, kept.OrderId);
    }

    private void Check()
    {
        foreach (var type in _types)
        {
            var (held, sold) = _stock[type.Id];
            Assert.Equal(_rows.Values.Where(r => r.TicketTypeId == type.Id && r.Status == "held").Sum(r => r.Quantity), held);
            Assert.Equal(_tickets.Count(t => t.TicketTypeId == type.Id && IsAlive(t)), sold);
            Assert.InRange(held + sold, 0, type.Quantity);
        }
        foreach (var (section, capacity) in _capacity)
            Assert.InRange(_types.Where(t => t.Section == section).Sum(t => _stock[t.Id].Held + _stock[t.Id].Sold), 0, capacity);
        foreach (var order in _orders.Values)
        {
            var wanted = _items[order.Id].Where(i => i.Of.Kind == PriceLineKind.Ticket).Sum(i => i.Of.Quantity);
            Assert.Equal(order.TotalMinor, _items[order.Id].Sum(i => i.Of.TotalMinor));
            var tickets = _tickets.Where(t => t.OrderId == order.Id).ToArray();
            var alive = tickets.Count(IsAlive);
            var back = tickets.Where(t => !IsAlive(t)).Sum(t => t.PaidMinor);
            var refunds = _refunds.Where(r => r.OrderId == order.Id).ToArray();
            Assert.Contains(tickets.Length, new[] { 0, wanted });
            Assert.Equal(tickets.Length == 0 ? 0 : order.TotalMinor, tickets.Sum(t => t.PaidMinor));
            Assert.Equal(tickets.Length == 0 ? order.Status is "refunded" : order.Status == (alive == tickets.Length ? "paid" : alive == 0 ? "refunded" : "partially_refunded"),
                order.PaymentStatus == "succeeded");
            // What went back and what was kept as a fee is what was paid for the dead; late money that found no tickets goes back whole.
            Assert.Equal(tickets.Length == 0 && order.Status == "refunded" ? order.TotalMinor : back, refunds.Sum(r => r.AmountMinor + r.FeeMinor));
            Assert.All(refunds, r => Assert.Equal(r.AmountMinor > 0 ? "pending" : "succeeded", r.Status));
            Assert.All(_redemptions.Values.Where(r => r.Of.OrderId == order.Id),
                r => Assert.Equal(order.Status is "payment_pending" or "paid" or "partially_refunded" ? "counted" : "given_back", r.Status));
        }
        foreach (var discount in _discounts.Values)
        {
            var counted = _redemptions.Values.Where(r => r.Status == "counted" && r.Of.DiscountId == discount.Id).ToArray();
            Assert.Equal(counted.Length, discount.Used);
            Assert.InRange(discount.Used, 0, discount.MaxUses ?? int.MaxValue);
            Assert.All(counted.GroupBy(r => r.Of.UserId), mine => Assert.InRange(mine.Count(), 0, discount.MaxUsesPerCustomer ?? int.MaxValue));
        }
        foreach (var user in _rows.Values.Select(r => r.UserId).Distinct()) Assert.InRange(Unpaid(user), 0, Rules.MaxUnpaid);
        foreach (var owned in _tickets.Where(IsAlive).GroupBy(t => (t.UserId, t.TicketTypeId)))
            if (_types.Single(t => t.Id == owned.Key.TicketTypeId).PerCustomer is { } limit) Assert.InRange(owned.Count(), 0, limit);
    }
}
