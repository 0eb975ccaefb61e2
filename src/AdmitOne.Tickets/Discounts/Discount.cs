using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Pricing;

namespace AdmitOne.Tickets.Discounts;

/// <summary>A discount as it is posted; a patch is judged by what it makes of this.</summary>
public sealed record DiscountBody : IValidatableObject
{
    /// <summary>Letters, digits, - and _. Unique in the tenant, whatever the case of its letters, and taken in any case.</summary>
    [PlainText(40), RegularExpression("^[A-Za-z0-9][A-Za-z0-9_-]*$", MatchTimeoutInMilliseconds = -1,
        ErrorMessage = "Letters, digits, - and _, beginning with a letter or digit.")]
    public required string Code { get; init; }

    public required DiscountKind Kind { get; init; }

    /// <summary><c>percentage</c>: off what its tickets cost.</summary>
    [Percent]
    public decimal? Percent { get; init; }

    /// <summary><c>fixed</c>: off the order, at most what its tickets cost.</summary>
    public Money? Amount { get; init; }

    /// <summary><c>buy_x_get_y</c>: of every <c>buy</c> + <c>get</c> tickets the <c>get</c> cheapest are free.</summary>
    [Range(1, 50)]
    public int? Buy { get; init; }

    [Range(1, 50)]
    public int? Get { get; init; }

    /// <summary>Only for this event; for all of the tenant's if left out.</summary>
    public Guid? EventId { get; init; }

    /// <summary>Only off tickets of these types.</summary>
    [MinLength(1), MaxLength(100)]
    public IReadOnlyList<Guid>? TicketTypeIds { get; init; }

    public required DateTimeOffset ValidFrom { get; init; }

    public required DateTimeOffset ValidUntil { get; init; }

    [Range(1, 1_000_000_000)]
    public int? MaxUses { get; init; }

    [Range(1, 1_000_000)]
    public int? MaxUsesPerCustomer { get; init; }

    /// <summary>What its tickets must cost together, before discounts.</summary>
    public Money? Minimum { get; init; }

    /// <summary>The most that it takes off an order.</summary>
    public Money? Cap { get; init; }

    /// <summary>Of several codes in one order the higher is taken off first.</summary>
    [Range(-1000, 1000)]
    public int Priority { get; init; }

    /// <summary>It may be combined with other codes that may.</summary>
    public bool Stackable { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        static ValidationResult At(string member, string fault) => new(fault, [member]);
        var (percent, amount, counts) = (Percent is not null, Amount is not null, Buy is not null || Get is not null);
        if (percent != (Kind == DiscountKind.Percentage)) yield return At(nameof(Percent), percent ? "Belongs to a percentage only." : "Say how much of it.");
        if (amount != (Kind == DiscountKind.Fixed)) yield return At(nameof(Amount), amount ? "Belongs to a fixed discount only." : "Say how much.");
        if (Kind == DiscountKind.Fixed && Amount?.Amount == 0) yield return At("Amount.Amount", "Must be above 0.");
        if (Kind != DiscountKind.BuyXGetY && counts) yield return At(Buy is null ? nameof(Get) : nameof(Buy), "Belongs to buy_x_get_y only.");
        if (Kind == DiscountKind.BuyXGetY && Buy is null) yield return At(nameof(Buy), "Say how many are bought.");
        if (Kind == DiscountKind.BuyXGetY && Get is null) yield return At(nameof(Get), "Say how many of them are free.");
        if (ValidFrom >= ValidUntil) yield return At(nameof(ValidFrom), "Must be before validUntil.");
        if (MaxUsesPerCustomer > MaxUses) yield return At(nameof(MaxUsesPerCustomer), "Must not be above maxUses.");
        if (Monies.Select(m => m.Currency).Distinct().Count() > 1) yield return At(nameof(Minimum), "All its amounts are in one currency.");
        if (TicketTypeIds is not null && TicketTypeIds.Distinct().Count() != TicketTypeIds.Count) yield return At(nameof(TicketTypeIds), "Names a type twice.");
    }

    /// <summary>The amounts that are taken off, each with the JSON pointer of its member.</summary>
    internal IEnumerable<(string Pointer, Money? Money)> TakenOff() => [("/amount", Amount), ("/cap", Cap)];

    internal IEnumerable<Money> Monies => new[] { Amount, Minimum, Cap }.OfType<Money>();
}

/// <summary>A discount as it is answered.</summary>
/// <param name="Used">Orders that count a use now; one that fails, expires or is wholly refunded gives its use back.</param>
public sealed record Discount(
    Guid Id, string Code, DiscountKind Kind, decimal? Percent, Money? Amount, int? Buy, int? Get, Guid? EventId, IReadOnlyList<Guid>? TicketTypeIds, DateTimeOffset ValidFrom,
    DateTimeOffset ValidUntil, int? MaxUses, int? MaxUsesPerCustomer, Money? Minimum, Money? Cap, int Priority, bool Stackable, int Used, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A row of tickets.discounts.</summary>
internal sealed class DiscountRow
{
    public Guid Id { get; init; }
    public string Code { get; init; } = "";
    public string Kind { get; init; } = "";
    public int? PercentBp { get; init; }
    public long? AmountMinor { get; init; }
    public int? Buy { get; init; }
    public int? Get { get; init; }
    public string? Currency { get; init; }
    public long? MinimumMinor { get; init; }
    public long? CapMinor { get; init; }
    public Guid? EventId { get; init; }
    public Guid[]? TicketTypeIds { get; init; }
    public DateTimeOffset ValidFrom { get; init; }
    public DateTimeOffset ValidUntil { get; init; }
    public int? MaxUses { get; init; }
    public int? MaxUsesPerCustomer { get; init; }
    public int Priority { get; init; }
    public bool Stackable { get; init; }
    public int Used { get; init; }
    public int Version { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public const string Columns = """
        id, code, kind, percent_bp, amount_minor, buy, get, currency, minimum_minor, cap_minor, event_id, ticket_type_ids, valid_from, valid_until,
        max_uses, max_uses_per_customer, priority, stackable, used, version, created_at, updated_at
        """;

    /// <summary>Locked, so that no purchase counts a use while it is judged.</summary>
    public static Task<DiscountRow?> LockAsync(TenantWork work, Guid id, CancellationToken cancellationToken) =>
        work.FindAsync<DiscountRow>($"select {Columns} from tickets.discounts where id = @id and deleted_at is null for no key update", new { id }, cancellationToken);

    /// <summary>The columns of a body, for an insert or an update.</summary>
    public static object Values(Guid tenantId, Guid id, DiscountBody body) => new
    {
        tenantId, id, body.Code, kind = body.Kind switch { DiscountKind.Percentage => "percentage", DiscountKind.Fixed => "fixed", _ => "buy_x_get_y" },
        percentBp = body.Percent is { } percent ? PercentAttribute.BasisPoints(percent) : (int?)null, amountMinor = body.Amount?.Amount, body.Buy, body.Get,
        currency = body.Monies.FirstOrDefault()?.Currency, minimumMinor = body.Minimum?.Amount, capMinor = body.Cap?.Amount, body.EventId,
        ticketTypeIds = body.TicketTypeIds?.ToArray(), body.ValidFrom, body.ValidUntil, body.MaxUses, body.MaxUsesPerCustomer, body.Priority, body.Stackable,
    };

    public Discount Answer()
    {
        var body = Body();
        return new Discount(Id, Code, body.Kind, body.Percent, body.Amount, Buy, Get, EventId, TicketTypeIds, ValidFrom, ValidUntil, MaxUses, MaxUsesPerCustomer,
            body.Minimum, body.Cap, Priority, Stackable, Used, Version, CreatedAt, UpdatedAt);
    }

    public DiscountBody Body() => new()
    {
        Code = Code,
        Kind = Kind switch { "percentage" => DiscountKind.Percentage, "fixed" => DiscountKind.Fixed, _ => DiscountKind.BuyXGetY },
        Percent = PercentBp / 100m,
        Amount = In(AmountMinor),
        Buy = Buy,
        Get = Get,
        EventId = EventId,
        TicketTypeIds = TicketTypeIds,
        ValidFrom = ValidFrom,
        ValidUntil = ValidUntil,
        MaxUses = MaxUses,
        MaxUsesPerCustomer = MaxUsesPerCustomer,
        Minimum = In(MinimumMinor),
        Cap = In(CapMinor),
        Priority = Priority,
        Stackable = Stackable,
    };

    private Money? In(long? amountMinor) => amountMinor is { } amount ? Money.Of(amount, Currency!) : null;
}

/// <summary>What of a discount only the database knows.</summary>
internal static class DiscountRules
{
    public const string CodeIsUnique = "ix_discounts_code";

    public static Refusal NoDiscount { get; } = PlatformProblems.NotFound.With("There is no such discount.");

    public static Refusal CodeTaken(string code) =>
        PlatformProblems.AlreadyExists.With($"There is a discount \"{code}\" already; upper and lower case are the same.");

    /// <summary>Its event and types are the tenant's own, and the types are the event's.</summary>
    public static async Task<Refusal?> RefuseScopeAsync(TenantWork work, DiscountBody body, CancellationToken cancellationToken)
    {
        if (body.EventId is { } eventId && await work.FindAsync<Guid?>("select event_id from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is null)
            return PlatformProblems.Invalid("/eventId", "There is no such event.");
        if (body.TicketTypeIds is not { } types) return null;
        var found = await work.QueryAsync<Guid>(
            "select id from tickets.ticket_types where id = any (@ids) and deleted_at is null and (@EventId::uuid is null or event_id = @EventId)",
            new { ids = types.ToArray(), body.EventId }, cancellationToken);
        var missing = types.Select((id, n) => (Id: id, Index: n)).FirstOrDefault(t => !found.Contains(t.Id), (Id: Guid.Empty, Index: -1));
        return missing.Index < 0 ? null : PlatformProblems.Invalid($"/ticketTypeIds/{missing.Index}", body.EventId is null ? "There is no such ticket type." : "The event has no such ticket type.");
    }
}
