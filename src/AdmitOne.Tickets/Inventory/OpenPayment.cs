namespace AdmitOne.Tickets.Inventory;

/// <summary>An order whose payment is between its two transactions.</summary>
internal sealed class OpenPayment
{
    public Guid TenantId { get; init; }
    public Guid EventId { get; init; }
    public Guid OrderId { get; init; }
    public string OrderNumber { get; init; } = "";

    /// <summary>The given hold, or that of a purchase in one step.</summary>
    public Guid HoldId { get; init; }
    public Guid? UserId { get; init; }
    public Guid PaymentId { get; init; }
    public string Method { get; init; } = "";
    public string? Token { get; init; }

    /// <summary>What the provider calls it, once that is known.</summary>
    public string? Reference { get; init; }
    public long AmountMinor { get; init; }
    public string Currency { get; init; } = "";

    /// <summary>Until then the tickets are kept for this payment.</summary>
    public DateTimeOffset HoldExpiresAt { get; init; }
    public Guid[] TicketTypeIds { get; init; } = [];
    public Guid[]? DiscountIds { get; init; }
}
