using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.UnitTests.Inventory;

/// <summary>What one batch sees of a sale, and what it decides to write: for rules that are looked at one by one.</summary>
internal sealed class OneSale
{
    public static readonly PaymentTimes Times = new(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(15));
    public static readonly StoredAnswer Declined = new(402, "declined");

    /// <summary>Declined, and the hold can be paid again.</summary>
    public static readonly StoredAnswer HeldOn = new(402, "held");

    private readonly List<TypeState> _types = [];
    private StockView? _view;

    public DateTimeOffset Now { get; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public Guid Tenant { get; } = Guid.CreateVersion7();

    public Guid EventId { get; } = Guid.CreateVersion7();

    public Guid Buyer { get; } = Guid.CreateVersion7();

    public SectionState Section { get; } = new(Guid.CreateVersion7(), 20, 0, 0);

    public SaleWindow? Window { get; set; }

    public List<DiscountState> Discounts { get; } = [];

    public HoldRules Rules { get; set; } = HoldRules.None;

    public StockChanges Changes { get; } = new();

    public OneSale() => Window = new SaleWindow("on_sale", Now.AddDays(-1), Now.AddDays(1));

    /// <summary>All that a batch knows, from the first time that it is asked for.</summary>
    public StockView View => _view ??= new StockView
    {
        Now = Now, Rules = Rules, Window = Window, Types = _types.ToDictionary(t => t.Id), Holds = [], Orders = [], Discounts = Discounts, Owned = [], Requests = [], Expired = [],
    };

    public TypeState Type(
        int quantity = 10, long price = 100, (int Min, int Max)? perOrder = null, int? perCustomer = null, DateTimeOffset? from = null, DateTimeOffset? until = null, bool isDeleted = false,
        string currency = "EUR", SectionState? section = null, (int Held, int Sold)? counted = null)
    {
        var type = new TypeState(Guid.CreateVersion7(), section ?? Section, quantity, counted ?? (0, 0))
        {
            Name = "type", PriceMinor = price, Currency = currency, MinPerOrder = perOrder?.Min ?? 1, MaxPerOrder = perOrder?.Max ?? 10, MaxPerCustomer = perCustomer,
            SalesStartAt = from, SalesEndAt = until, IsDeleted = isDeleted,
        };
        _types.Add(type);
        return type;
    }

    public DiscountState Discount(string code, int percentBp = 1000, int? maxUses = null, int? perCustomer = null, Guid? eventId = null, DateTimeOffset? from = null, DateTimeOffset? until = null, bool isDeleted = false)
    {
        var discount = new DiscountState(new DiscountTerms
        {
            Id = Guid.CreateVersion7(), Code = code, Kind = DiscountKind.Percentage, PercentBp = percentBp, ValidFrom = from ?? Now.AddDays(-1), ValidUntil = until ?? Now.AddDays(1), MaxUses = maxUses,
            MaxUsesPerCustomer = perCustomer, EventId = eventId,
        }, isDeleted);
        Discounts.Add(discount);
        return discount;
    }

    /// <summary>The refusal's code, or null.</summary>
    public string? Decide<T>(StockCommand<T> command, out T? value) where T : class
    {
        command.Decide(View, Changes);
        command.Complete();
        var answer = command.Done.GetAwaiter().GetResult();
        value = answer.Value;
        return answer.Refusal?.Type.Code;
    }

    public string? Decide<T>(StockCommand<T> command) where T : class => Decide(command, out _);

    /// <summary>Of a command that was decided.</summary>
    public static Refusal RefusalOf<T>(StockCommand<T> command) where T : class => command.Done.GetAwaiter().GetResult().Refusal!;

    public HoldStock Hold(params (TypeState Type, int Quantity)[] items) => HoldFor(Buyer, items);

    public HoldStock HoldFor(Guid buyer, params (TypeState Type, int Quantity)[] items) =>
        new(Tenant, EventId, buyer, [.. items.Select(i => new HoldItem(i.Type.Id, i.Quantity))], TimeSpan.FromMinutes(10));

    /// <param name="isExpected">What the owner's If-Match says.</param>
    public ChangeHold Change(Guid hold, (TypeState Type, int Quantity)[] items, string? code = null, Func<HoldMade, bool>? isExpected = null, Guid? by = null) =>
        new(Tenant, EventId, by ?? Buyer, hold, [.. View.Holds.GetValueOrDefault(hold, []).Select(r => r.TicketTypeId)], [.. items.Select(i => new HoldItem(i.Type.Id, i.Quantity))], isExpected ?? (_ => true))
        { DiscountCodes = code is null ? [] : [code] };

    public HoldStock HoldWith(string code, TypeState type) => new(Tenant, EventId, Buyer, [new HoldItem(type.Id, 2)], TimeSpan.FromMinutes(10)) { DiscountCodes = [code] };

    /// <summary>A hold that is there already; stock and limits count it.</summary>
    public List<HeldRow> Held(TypeState type, int quantity, string status = "held", Guid? orderId = null, TimeSpan? left = null, bool inOneStep = false)
    {
        var hold = HoldIds.New(Now);
        List<HeldRow> rows = [new(HoldIds.Row(hold, 0), hold, type.Id, Buyer, quantity, type.PriceMinor, type.Currency, status, orderId, Now + (left ?? TimeSpan.FromMinutes(1))) { InOneStep = inOneStep }];
        View.Holds[hold] = rows;
        return rows;
    }

    /// <summary>An order that waits for its money, or waited.</summary>
    public OrderState Order(List<HeldRow> rows, string status, IReadOnlyList<Guid>? discounts = null, long? total = null)
    {
        var order = new OrderState(Guid.CreateVersion7(), "NUMBER", Buyer, rows[0].HoldId, status, total ?? rows.Sum(r => r.Quantity * r.UnitPriceMinor), "EUR", Guid.CreateVersion7(), "created", discounts);
        View.Orders[order.Id] = order;
        View.Holds[rows[0].HoldId] = rows.ConvertAll(row => row with { OrderId = order.Id });
        return order;
    }

    public BeginPayment Buy(TypeState type, int quantity, PaymentWish? wish = null, KeyedRequest? request = null, string? code = null, AdmitOne.Contracts.Money? expected = null) => new(Tenant, EventId, Buyer,
        new WantedTickets(null, [new HoldItem(type.Id, quantity)], WantedDiscounts.Of(code is null ? [] : new[] { code })) { ExpectedTotal = expected }, wish ?? new PaymentWish("test", "tok_ok"), Times, request, Paid);

    public BeginPayment BuyHeld(List<HeldRow> rows, PaymentWish? wish = null, Guid? buyer = null, KeyedRequest? request = null, AdmitOne.Contracts.Money? expected = null) =>
        new(Tenant, EventId, buyer ?? Buyer,
        new WantedTickets(rows[0].HoldId, [.. rows.Select(r => new HoldItem(r.TicketTypeId, r.Quantity))], WantedDiscounts.None) { ExpectedTotal = expected }, wish ?? new PaymentWish("test", "tok_ok"), Times, request, Paid);

    public SettlePayment Settle(OrderState order, PaymentResult result, bool refuseLateMoney = false) => new(Tenant, EventId, order.Id,
        new HeldFor(order.HoldId, Buyer, [.. View.Types.Keys], order.DiscountIds), result, "ref", Paid, heldUntil => heldUntil is null ? Declined : HeldOn, refuseLateMoney);

    public KeyedRequest Key(byte fingerprint = 1) => new(Buyer, "POST /purchases", "key", [fingerprint]);

    public static StoredAnswer Paid(PaidOrder order) => new(201, order.Number);

    /// <summary>Nothing has moved and nothing is to be written but keys that are free again.</summary>
    public void AssertNothingHappened()
    {
        Assert.All(_types, type => Assert.Equal((0, 0), (type.HeldChange, type.SoldChange)));
        Assert.All(Discounts, discount => Assert.Equal(0, discount.UsedChange));
        Assert.All(View.Owned.Values, owned => Assert.Equal(0, owned));
        Assert.Empty(Changes.Held);
        Assert.Empty(Changes.Rewritten);
        Assert.All(View.Unpaid.Values, unpaid => Assert.Equal(0, unpaid));
        Assert.Empty(Changes.HoldMoves);
        Assert.Empty(Changes.HoldsBound);
        Assert.Empty(Changes.HoldsFreed);
        Assert.Empty(Changes.Orders);
        Assert.Empty(Changes.OrderMoves);
        Assert.Empty(Changes.Payments);
        Assert.Empty(Changes.PaymentMoves);
        Assert.Empty(Changes.Tickets);
        Assert.Empty(Changes.Messages);
        Assert.Empty(Changes.Refunds);
    }
}
