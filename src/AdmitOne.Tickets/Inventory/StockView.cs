using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

/// <summary>What the Event Service says of an event (view events.sale_window).</summary>
internal sealed record SaleWindow(string Status, DateTimeOffset SalesStartAt, DateTimeOffset SalesEndAt)
{
    private static readonly string[] s_selling = ["on_sale", "sold_out", "in_progress"];

    /// <summary>The organiser lets tickets be sold; stock decides, not the word sold_out.</summary>
    public bool StatusSells => s_selling.Contains(Status);

    public bool IsCancelled => Status == "cancelled";

    /// <summary>Why nothing is sold. Whoever is told has not been charged.</summary>
    public static Refusal Closed(SaleWindow? window) => InventoryProblems.SalesNotOpen.With(window is null
        ? "The event is gone; nothing was charged."
        : $"The event is {window.Status}; its sale runs from {window.SalesStartAt:u} to {window.SalesEndAt:u}. Nothing was charged.");

    /// <summary>Who may buy: <c>anyone</c>, <c>account</c> or <c>verified_email</c>.</summary>
    public string BuyerPolicy { get; init; } = "anyone";

    /// <summary>Says why this buyer may not buy here, or null.</summary>
    public Refusal? Refuse(BuyerStanding buyer) => (BuyerPolicy, buyer) switch
    {
        (not "anyone", BuyerStanding.Guest) => InventoryProblems.AccountRequired.With("The organiser sells these tickets to buyers who have signed in; nothing was charged."),
        ("verified_email", not BuyerStanding.VerifiedEmail) => InventoryProblems.EmailNotVerified.With("Verify your e-mail address, then sign in again; nothing was charged."),
        _ => null,
    };

    public bool IsOpen(DateTimeOffset now) => StatusSells && SalesStartAt <= now && now < SalesEndAt;
}

/// <summary>A section's places, and those of the types that share it.</summary>
internal sealed class SectionState(Guid id, int capacity, int held, int sold)
{
    private readonly int _soldBefore = sold;

    public Guid Id { get; } = id;

    public int Capacity { get; } = capacity;

    public int Held { get; set; } = held;

    public int Sold { get; set; } = sold;

    public int Free => Capacity - Held - Sold;

    public int Unsold => Capacity - Sold;

    public int UnsoldBefore => Capacity - _soldBefore;
}

/// <summary>One ticket type with its stock, as the commands of a batch before this one have left it.</summary>
internal sealed class TypeState(Guid id, SectionState section, int quantity, (int Held, int Sold) counted)
{
    private readonly (int Held, int Sold) _countedBefore = counted;

    public Guid Id { get; } = id;

    public SectionState Section { get; } = section;

    public int Quantity { get; } = quantity;

    public int Held { get; private set; } = counted.Held;

    public int Sold { get; private set; } = counted.Sold;

    public int HeldChange => Held - _countedBefore.Held;

    public int SoldChange => Sold - _countedBefore.Sold;

    public int Free => Math.Min(Quantity - Held - Sold, Section.Free);

    /// <summary>What nobody has bought of it; what is held counts, because it may come back.</summary>
    public int Unsold => Math.Min(Quantity - Sold, Section.Unsold);

    public int UnsoldBefore => Math.Min(Quantity - _countedBefore.Sold, Section.UnsoldBefore);

    /// <summary>Fewer are unsold than one order takes, so nobody can buy them.</summary>
    public bool IsSoldOut => Unsold < MinPerOrder;

    public bool WasSoldOut => UnsoldBefore < MinPerOrder;

    public required string Name { get; init; }

    public required long PriceMinor { get; init; }

    public required string Currency { get; init; }

    /// <summary>Rules, fees and tax; null for a type that has none.</summary>
    public PricePolicy? PricePolicy { get; init; }

    public required int MinPerOrder { get; init; }

    public required int MaxPerOrder { get; init; }

    public required int? MaxPerCustomer { get; init; }

    public required DateTimeOffset? SalesStartAt { get; init; }

    public required DateTimeOffset? SalesEndAt { get; init; }

    public required bool IsDeleted { get; init; }

    public bool IsOpen(DateTimeOffset now) => (SalesStartAt is null || SalesStartAt <= now) && (SalesEndAt is null || now < SalesEndAt);

    /// <summary>The only way in memory in which stock moves: the type and its section together. Negative counts are a bug that the database's checks refuse.</summary>
    public void Move(int heldBy, int soldBy)
    {
        Held += heldBy;
        Sold += soldBy;
        Section.Held += heldBy;
        Section.Sold += soldBy;
    }
}

/// <summary>One row of a hold.</summary>
/// <param name="Priced">On the first row, if the whole hold's price is more than price times quantity: <see cref="Pricing.Priced"/> as JSON.</param>
internal sealed record HeldRow(
    Guid Id, Guid HoldId, Guid TicketTypeId, Guid UserId, int Quantity, long UnitPriceMinor, string Currency, string Status, Guid? OrderId, DateTimeOffset ExpiresAt,
    string? Priced = null)
{
    /// <summary>Made by a purchase in one step: it ends with its payment.</summary>
    public bool InOneStep { get; init; }

    /// <summary>A payment of it was declined or called off. The next one gives it no more time.</summary>
    public bool IsExtended { get; init; }
}

/// <summary>An order with its one payment.</summary>
/// <param name="DiscountIds">Whose uses it counts while it is neither failed, expired nor refunded.</param>
internal sealed record OrderState(
    Guid Id, string Number, Guid? UserId, Guid HoldId, string Status, long TotalMinor, string Currency, Guid PaymentId, string PaymentStatus,
    IReadOnlyList<Guid>? DiscountIds = null);

/// <summary>An idempotency row that was there before this batch.</summary>
internal sealed record KnownRequest(byte[] Fingerprint, StoredAnswer? Answer);

/// <summary>All that a batch read under its locks, changed by each command in turn.</summary>
internal sealed class StockView
{
    /// <summary>The database's clock, read once after the locks were had.</summary>
    public required DateTimeOffset Now { get; init; }

    public required SaleWindow? Window { get; init; }

    public required IReadOnlyDictionary<Guid, TypeState> Types { get; init; }

    public required Dictionary<Guid, List<HeldRow>> Holds { get; init; }

    public required Dictionary<Guid, OrderState> Orders { get; init; }

    /// <summary>Those that the commands of the batch name by code or id.</summary>
    public IReadOnlyList<DiscountState> Discounts { get; init; } = [];

    /// <summary>The tickets, by order, of those orders that commands of this batch want to refund.</summary>
    public Dictionary<Guid, List<TicketState>> Tickets { get; init; } = [];

    /// <summary>Their refunds, by order.</summary>
    public Dictionary<Guid, List<RefundState>> Refunds { get; init; } = [];

    /// <summary>Read only for a batch with refunds in it.</summary>
    public RefundPolicyState? RefundPolicy { get; init; }

    /// <summary>What a customer has of a type with a limit: held and bought.</summary>
    public required Dictionary<(Guid UserId, Guid TicketTypeId), int> Owned { get; init; }

    /// <summary>How many places of the event a customer has held and not paid for.</summary>
    public Dictionary<Guid, int> Unpaid { get; init; } = [];

    public HoldRules Rules { get; init; } = HoldRules.None;

    public required Dictionary<(Guid UserId, string Route, string Key), KnownRequest> Requests { get; init; }

    /// <summary>Rows past their time that nobody has swept: they are expired from their expires_at on.</summary>
    public required IReadOnlyList<HeldRow> Expired { get; init; }

    /// <summary>Takes tickets for a customer, or says why not. All or nothing.</summary>
    /// <param name="userId">Whose limits count; null for whoever stands at the counter.</param>
    /// <param name="isUnpaid">False for what is paid in the same step.</param>
    public Refusal? TryTake(IReadOnlyList<HoldItem> items, Guid? userId, bool isUnpaid = true, BuyerStanding buyer = BuyerStanding.VerifiedEmail)
    {
        if (Window is null) return PlatformProblems.NotFound.With("There is no such event.");
        foreach (var item in items)
            if (!Types.TryGetValue(item.TicketTypeId, out var type) || type.IsDeleted)
                return PlatformProblems.NotFound.With($"The event has no ticket type {item.TicketTypeId}.");
        if (!Window.IsOpen(Now))
            return SaleWindow.Closed(Window);
        if (Window.Refuse(buyer) is { } notAllowed) return notAllowed;
        if (items.Select(i => Types[i.TicketTypeId].Currency).Distinct().Count() > 1)
            return PlatformProblems.Invalid("/items", "Types of different currencies cannot be bought together.");

        for (var place = 0; place < items.Count; place++)
        {
            var (typeId, quantity) = items[place];
            var type = Types[typeId];
            if (!type.IsOpen(Now)) return InventoryProblems.SalesNotOpen.With($"\"{type.Name}\" is on sale from {type.SalesStartAt:u} to {type.SalesEndAt:u}.");
            if (InventoryProblems.RefuseQuantity(place, quantity, (type.Name, type.MinPerOrder, type.MaxPerOrder)) is { } refusal) return refusal;
            if (userId is { } customer && type.MaxPerCustomer is { } limit && Owned.GetValueOrDefault((customer, typeId)) + quantity > limit)
                return InventoryProblems.LimitPerCustomer.With($"A customer may have {limit} of \"{type.Name}\"; you hold or own {Owned.GetValueOrDefault((customer, typeId))}.");
        }

        if (isUnpaid && userId is { } holder && RefuseUnpaid(items, Unpaid.GetValueOrDefault(holder)) is { } tooMany) return tooMany;

        var taken = new List<HoldItem>();
        foreach (var item in items)
        {
            var type = Types[item.TicketTypeId];
            if (item.Quantity > type.Free)
            {
                foreach (var (typeId, quantity) in taken) Types[typeId].Move(heldBy: -quantity, soldBy: 0);
                return InventoryProblems.InsufficientInventory.With($"{type.Free} of \"{type.Name}\" are left; you asked for {item.Quantity}.")
                    .And("available", items.ToDictionary(i => i.TicketTypeId.ToString(), i => Math.Max(0, Types[i.TicketTypeId].Free)));
            }
            type.Move(heldBy: item.Quantity, soldBy: 0);
            taken.Add(item);
        }
        if (userId is { } taker) foreach (var (typeId, quantity) in items) CollectHeld(taker, typeId, quantity);
        return null;
    }

    private Refusal? RefuseUnpaid(IReadOnlyList<HoldItem> items, int unpaid)
    {
        // An organiser who lets one order be larger than usual lets it be held, by a customer who has nothing else unpaid.
        var oneOrder = unpaid > 0 ? 0 : items.Select(i => Types[i.TicketTypeId].MaxPerOrder).Where(max => max > HoldRules.UsualOrder).DefaultIfEmpty(0).Max();
        return unpaid + items.Sum(i => (long)i.Quantity) > Math.Max(Rules.MaxUnpaid, oneOrder)
            ? InventoryProblems.LimitUnpaid.With($"A customer may have {Rules.MaxUnpaid} unpaid places of an event; you have {unpaid}.")
            : null;
    }

    /// <summary>Undoes <see cref="TryTake"/>, when something else refuses.</summary>
    public void PutBack(IReadOnlyList<HoldItem> items, Guid? userId)
    {
        foreach (var (typeId, quantity) in items)
        {
            Types[typeId].Move(heldBy: -quantity, soldBy: 0);
            if (userId is { } taker) CollectHeld(taker, typeId, -quantity);
        }
    }

    /// <summary>Undoes <see cref="PutBack"/>: takes again what was just given back, without asking any rule.</summary>
    public void TakeBack(IReadOnlyList<HoldItem> items, Guid userId)
    {
        foreach (var (typeId, quantity) in items)
        {
            Types[typeId].Move(heldBy: quantity, soldBy: 0);
            CollectHeld(userId, typeId, quantity);
        }
    }

    /// <summary>Places that a customer has come to hold unpaid or, below 0, has given back unpaid: they count for both limits.</summary>
    public void CollectHeld(Guid userId, Guid typeId, int quantity)
    {
        CollectOwned(userId, typeId, quantity);
        CollectUnpaid(userId, quantity);
    }

    /// <summary>Places of a type that a customer has come to have, held or paid, or, below 0, has no more.</summary>
    public void CollectOwned(Guid userId, Guid typeId, int quantity) =>
        Owned[(userId, typeId)] = Owned.GetValueOrDefault((userId, typeId)) + quantity;

    /// <summary>Places of a customer that have become unpaid or, below 0, have been paid for.</summary>
    public void CollectUnpaid(Guid userId, int places) => Unpaid[userId] = Unpaid.GetValueOrDefault(userId) + places;

    /// <summary>How long a hold of these types may last, after it was taken: less when little of a type is left for others.</summary>
    public TimeSpan KeepFor(IReadOnlyList<HoldItem> items, TimeSpan usually) =>
        usually > Rules.ScarceKeepFor && items.Select(i => Types[i.TicketTypeId]).Any(type => type.Free * 100L < (long)Rules.ScarcePercent * type.Quantity) ? Rules.ScarceKeepFor : usually;

    /// <summary>Whether a hold has types that its command did not find, and so did not have locked: it was changed in between.</summary>
    public bool HasOtherTypes(List<HeldRow> rows) => rows.Any(row => !Types.ContainsKey(row.TicketTypeId));

    /// <summary>What this key was used for before, if this batch is not its first use.</summary>
    public Answer<StoredAnswer>? Repeated(KeyedRequest? request)
    {
        if (request is null || !Requests.TryGetValue((request.UserId, request.Route, request.Key), out var known)) return null;
        if (!known.Fingerprint.AsSpan().SequenceEqual(request.Fingerprint))
            return PlatformProblems.IdempotencyKeyReused.With("Use a new Idempotency-Key for another request.");
        return known.Answer is { } stored
            ? stored
            : PlatformProblems.RequestInProgress.With("Its first request is still being paid; ask again shortly.") with { RetryAfterSeconds = 1 };
    }
}

/// <summary>So many tickets of one type.</summary>
public sealed record HoldItem(Guid TicketTypeId, int Quantity);
