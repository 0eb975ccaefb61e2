using System.Text.Json;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Inventory;

internal sealed record NewHeldRow(HeldRow Row, Guid EventId);

internal sealed record HoldMove(Guid RowId, string Status);

/// <summary>A hold's rows as the database has them, and as they are to be.</summary>
internal sealed record HoldRewrite(Guid EventId, IReadOnlyList<HeldRow> Before, IReadOnlyList<HeldRow> After);

/// <summary>A payment began: the hold belongs to the order, and its time is moved once.</summary>
internal sealed record HoldBound(Guid RowId, Guid OrderId, DateTimeOffset ExpiresAt);

/// <summary>A payment of the hold came to nothing: it waits for the next one.</summary>
internal sealed record HoldFreed(Guid RowId);

internal sealed record NewOrder(Guid Id, string Number, Guid EventId, Guid? UserId, Guid HoldId, string Status, long TotalMinor, string Currency, string? Reference)
{
    /// <summary>Who sold it for cash.</summary>
    public Guid? SoldBy { get; init; }

    /// <summary>Whose uses it counts; null for none.</summary>
    public IReadOnlyList<Guid>? DiscountIds { get; init; }

    public OrderContact Contact { get; init; } = OrderContact.None;
}

internal sealed record NewOrderItem(Guid OrderId, int Line, PriceLine Of);

/// <summary>An order counts one use of a discount.</summary>
internal sealed record NewRedemption(Guid DiscountId, Guid OrderId, Guid? UserId, long AmountMinor, string Currency);

/// <summary>An order's uses come back, or count again.</summary>
internal sealed record RedemptionMove(Guid OrderId, string Status);

internal sealed record NewPayment(
    Guid Id, Guid OrderId, string Method, string? Token, string Status, long AmountMinor, string Currency, DateTimeOffset HoldExpiresAt, DateTimeOffset NextCheckAt);

internal sealed record NewTicket(
    Guid Id, Guid EventId, Guid TicketTypeId, Guid SectionId, Guid OrderId, Guid ReservationId, Guid? UserId, long FaceValueMinor, long PaidMinor, string Currency);

internal sealed record OrderMove(Guid OrderId, string Status, string? Reference);

internal sealed record PaymentMove(Guid PaymentId, string Status, string? Reference);

internal sealed record NewRefund(Guid Id, Guid OrderId, Guid PaymentId, long AmountMinor, string Currency, string Reason)
{
    public string Status { get; init; } = "pending";

    public long FeeMinor { get; init; }

    public Guid? RequestedBy { get; init; }

    /// <summary>Set for a refund that the provider has made already.</summary>
    public string? ProviderReference { get; init; }

    /// <summary>The part of the amount for which no ticket is given back.</summary>
    public long UnassignedMinor { get; init; }

    public bool NeedsPerson { get; init; }
}

/// <summary>A refund that was owed is covered by one that the organiser made in the provider's dashboard.</summary>
internal sealed record RefundCovered(Guid RefundId, string Status, string ProviderReference);

/// <param name="TraceParent">The trace of the command that tells it; null if that is not recorded.</param>
internal sealed record NewMessage(Guid Id, string Type, Guid ResourceId, string Data, string? TraceParent);

internal sealed record NewAudit(Guid Id, Actor Actor, AuditEntry Entry);

internal sealed record KeptAnswer(Guid OrderId, StoredAnswer Answer);

/// <summary>What a batch will write, collected while its commands are decided.</summary>
internal sealed class StockChanges
{
    public List<NewHeldRow> Held { get; } = [];

    public List<HoldMove> HoldMoves { get; } = [];

    public List<HoldBound> HoldsBound { get; } = [];

    public List<HoldFreed> HoldsFreed { get; } = [];

    public List<NewOrder> Orders { get; } = [];

    public List<NewOrderItem> OrderItems { get; } = [];

    public List<NewRedemption> Redemptions { get; } = [];

    public List<RedemptionMove> RedemptionMoves { get; } = [];

    public List<NewPayment> Payments { get; } = [];

    public List<NewTicket> Tickets { get; } = [];

    public List<OrderMove> OrderMoves { get; } = [];

    public List<PaymentMove> PaymentMoves { get; } = [];

    public List<NewRefund> Refunds { get; } = [];

    public List<RefundCovered> RefundsCovered { get; } = [];

    public List<TicketDeath> TicketDeaths { get; } = [];

    public List<NewMessage> Messages { get; } = [];

    public List<NewAudit> Audited { get; } = [];

    /// <summary>Keys whose request was refused: a refusal that changed nothing stores nothing.</summary>
    public List<KeyedRequest> Forgotten { get; } = [];

    /// <summary>Keys that have their answer.</summary>
    public List<(KeyedRequest Request, Guid? OrderId, StoredAnswer Answer)> Remembered { get; } = [];

    /// <summary>Answers of orders that were settled: kept if their request is still marked as running.</summary>
    public List<KeptAnswer> Kept { get; } = [];

    public int Expired { get; set; }

    /// <summary>Places whose time ran out before they were paid for.</summary>
    public int NeverPaid { get; set; }

    /// <summary>Holds whose rows are written anew.</summary>
    public Dictionary<Guid, HoldRewrite> Rewritten { get; } = [];

    /// <summary>The trace of the command that is being decided.</summary>
    public string? TraceParent { get; set; }

    public void Audit(DateTimeOffset now, Actor actor, AuditEntry entry) => Audited.Add(new NewAudit(Guid.CreateVersion7(now), actor, entry));

    public void Tell(DateTimeOffset now, string type, Guid resourceId, object data) =>
        Messages.Add(new NewMessage(Guid.CreateVersion7(now), type, resourceId, JsonSerializer.Serialize(data, Json.Answers), TraceParent));
}
