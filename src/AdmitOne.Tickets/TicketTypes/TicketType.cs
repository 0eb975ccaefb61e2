using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.TicketTypes;

/// <summary>A ticket type as it is posted; a patch is judged by what it makes of this.</summary>
public sealed record TicketTypeBody : IValidatableObject
{
    [PlainText(100)]
    public required string Name { get; init; }

    /// <summary>Face value of one ticket.</summary>
    public required Money Price { get; init; }

    /// <summary>How many there are. It may grow at once, and shrink to what is held and sold.</summary>
    [Range(0, 1_000_000)]
    public required int Quantity { get; init; }

    /// <summary>Needed when the event has several sections.</summary>
    public Guid? SectionId { get; init; }

    [Range(1, 50)]
    public int MinPerOrder { get; init; } = 1;

    [Range(1, 50)]
    public int MaxPerOrder { get; init; } = 10;

    /// <summary>Held and bought together.</summary>
    [Range(1, 1_000_000)]
    public int? MaxPerCustomer { get; init; }

    /// <summary>Narrows the event's own window.</summary>
    public DateTimeOffset? SalesStartAt { get; init; }

    public DateTimeOffset? SalesEndAt { get; init; }

    public bool Transferable { get; init; } = true;

    /// <summary>Tried in their order; the first that applies decides what a ticket costs. A patch replaces them all.</summary>
    [MaxLength(PricePolicy.MaxRules), NoNulls]
    public IReadOnlyList<PriceRule> PriceRules { get; init; } = [];

    /// <summary>What is charged beside the ticket. A patch replaces them all.</summary>
    [MaxLength(PricePolicy.MaxFees), NoNulls]
    public IReadOnlyList<Fee> Fees { get; init; } = [];

    public Tax? Tax { get; init; }

    /// <summary>All its amounts, each with the JSON pointer of its member.</summary>
    internal IEnumerable<(string Pointer, Money? Money)> Monies() =>
    [
        ("/price", Price),
        .. PriceRules.SelectMany((rule, n) => new[] { ($"/priceRules/{n}/price", rule.Price), ($"/priceRules/{n}/minPrice", rule.MinPrice), ($"/priceRules/{n}/maxPrice", rule.MaxPrice) }),
        .. Fees.Select((fee, n) => ($"/fees/{n}/amount", fee.Amount)),
    ];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MinPerOrder > MaxPerOrder) yield return new ValidationResult("Must not be above maxPerOrder.", [nameof(MinPerOrder)]);
        if (MinPerOrder > MaxPerCustomer) yield return new ValidationResult("Must not be above maxPerCustomer.", [nameof(MinPerOrder)]);
        // Of a quantity of 0 nothing is to be sold yet.
        if (Quantity > 0 && MinPerOrder > Quantity) yield return new ValidationResult("Must not be above quantity.", [nameof(MinPerOrder)]);
        if (SalesStartAt >= SalesEndAt) yield return new ValidationResult("Must be before salesEndAt.", [nameof(SalesStartAt)]);
        if (PriceRules.Any(r => r is null) || Fees.Any(f => f is null)) yield break;
        foreach (var (member, fault) in new PricePolicy { Rules = PriceRules, Fees = Fees }.Faults(Price.Currency, MaxPerOrder)) yield return new ValidationResult(fault, [member]);
    }
}

/// <summary>A ticket type as it is answered.</summary>
public sealed record TicketType(
    Guid Id, Guid EventId, string Name, Money Price, int Quantity, Guid SectionId, int MinPerOrder, int MaxPerOrder, int? MaxPerCustomer,
    DateTimeOffset? SalesStartAt, DateTimeOffset? SalesEndAt, bool Transferable, IReadOnlyList<PriceRule> PriceRules, IReadOnlyList<Fee> Fees, Tax? Tax, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A row of tickets.ticket_types with its stock.</summary>
internal sealed class TicketTypeRow
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public Guid SectionId { get; init; }
    public string Name { get; init; } = "";
    public long PriceMinor { get; init; }
    public string Currency { get; init; } = "";
    public int Quantity { get; init; }
    public int Held { get; init; }
    public int Sold { get; init; }
    public int MinPerOrder { get; init; }
    public int MaxPerOrder { get; init; }
    public int? MaxPerCustomer { get; init; }
    public DateTimeOffset? SalesStartAt { get; init; }
    public DateTimeOffset? SalesEndAt { get; init; }
    public bool Transferable { get; init; }
    public string? PricePolicy { get; init; }
    public int Version { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public const string Select = $"""
        select t.id, t.event_id, t.section_id, t.name, t.price_minor, t.currency, s.quantity, s.held, s.sold, t.min_per_order, t.max_per_order,
               t.max_per_customer, t.sales_start_at, t.sales_end_at, t.transferable, {Pricing.PricePolicy.Column}, t.version, t.created_at, t.updated_at
          from tickets.ticket_types t join tickets.stock s on s.tenant_id = t.tenant_id and s.ticket_type_id = t.id
        """;

    public static Task<TicketTypeRow?> FindAsync(ITenantReader reader, Guid id, CancellationToken cancellationToken) =>
        reader.FindAsync<TicketTypeRow>($"{Select} where t.id = @id and t.deleted_at is null", new { id }, cancellationToken);

    public TicketType Answer() => new(Id, EventId, Name, Money.Of(PriceMinor, Currency), Quantity, SectionId, MinPerOrder, MaxPerOrder, MaxPerCustomer,
        SalesStartAt, SalesEndAt, Transferable, Policy.Rules, Policy.Fees, Policy.Tax, Version, CreatedAt, UpdatedAt);

    public TicketTypeBody Body() => new()
    {
        Name = Name,
        Price = Money.Of(PriceMinor, Currency),
        Quantity = Quantity,
        SectionId = SectionId,
        MinPerOrder = MinPerOrder,
        MaxPerOrder = MaxPerOrder,
        MaxPerCustomer = MaxPerCustomer,
        SalesStartAt = SalesStartAt,
        SalesEndAt = SalesEndAt,
        Transferable = Transferable,
        PriceRules = Policy.Rules,
        Fees = Policy.Fees,
        Tax = Policy.Tax,
    };

    private PricePolicy Policy => Pricing.PricePolicy.Read(PricePolicy) ?? Pricing.PricePolicy.None;
}

internal static class TicketTypeProblems
{
    /// <summary>The event has no section or several, so a ticket type must name its own.</summary>
    public static readonly ProblemType SectionRequired = new("section_required", StatusCodes.Status422UnprocessableEntity, "Say which section it belongs to")
    {
        Like = "The event has 2 sections.",
    };

    /// <summary>So many are held or sold already. Refund or wait for holds to expire, then try again.</summary>
    public static readonly ProblemType QuantityBelowSold = new("quantity_below_sold", StatusCodes.Status409Conflict, "More than that are held or sold already")
    {
        Like = "3 are held and 120 sold: the quantity cannot drop below 123.",
    };

    /// <summary>The event's state, or what depends on the thing, does not let it be changed any more.</summary>
    public static readonly ProblemType EditNotAllowed = new("edit_not_allowed", StatusCodes.Status409Conflict, "It cannot be changed like that any more")
    {
        Like = "Tickets of it are held or sold: its currency stays.",
    };

    /// <returns>Why sales of a type cannot begin at this time, or null.</returns>
    public static Refusal? RefuseSalesAfter(DateTimeOffset endsAt, DateTimeOffset? salesStartAt) =>
        salesStartAt >= endsAt ? PlatformProblems.Invalid("/salesStartAt", "Must be before the event's endsAt.") : null;

    public static Refusal NoEvent { get; } = PlatformProblems.NotFound.With("There is no such event.");

    public static Refusal NoType { get; } = PlatformProblems.NotFound.With("There is no such ticket type.");
}
