using System.Text.Json;
using System.Text.Json.Serialization;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Pricing;

public enum DiscountKind { Percentage, Fixed, BuyXGetY }

/// <summary>A discount as the engine needs it: a row of tickets.discounts.</summary>
internal sealed record DiscountTerms
{
    private static readonly JsonSerializerOptions s_row = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Of tickets.discounts d: one text for <see cref="Read"/>.</summary>
    public const string Column = "to_jsonb(d)::text";

    public required Guid Id { get; init; }
    public required string Code { get; init; }
    public required DiscountKind Kind { get; init; }
    public int? PercentBp { get; init; }
    public long? AmountMinor { get; init; }
    public int? Buy { get; init; }
    public int? Get { get; init; }
    public string? Currency { get; init; }
    public long? MinimumMinor { get; init; }
    public long? CapMinor { get; init; }
    public Guid? EventId { get; init; }
    public IReadOnlyList<Guid>? TicketTypeIds { get; init; }
    public required DateTimeOffset ValidFrom { get; init; }
    public required DateTimeOffset ValidUntil { get; init; }
    public int? MaxUses { get; init; }
    public int? MaxUsesPerCustomer { get; init; }
    public int Priority { get; init; }
    public bool Stackable { get; init; }
    public int Used { get; init; }

    public static DiscountTerms Read(string json) => JsonSerializer.Deserialize<DiscountTerms>(json, s_row)!;

    public bool AppliesTo(Guid ticketTypeId) => TicketTypeIds is null || TicketTypeIds.Contains(ticketTypeId);

    /// <summary>Refuses where and when it is not valid.</summary>
    public Refusal? RefuseAt(Guid eventId, DateTimeOffset now) =>
        EventId is { } only && only != eventId ? PricingProblems.DiscountInvalid.With($"\"{Code}\" is for another event.")
        : now < ValidFrom ? PricingProblems.DiscountInvalid.With($"\"{Code}\" is valid from {ValidFrom:u}.")
        : now >= ValidUntil ? PricingProblems.DiscountInvalid.With($"\"{Code}\" was valid until {ValidUntil:u}.")
        : null;

    /// <summary>Refuses one more use.</summary>
    /// <param name="used">By everybody, and by this customer.</param>
    public Refusal? RefuseUse((int All, int Customer) used) =>
        used.All >= MaxUses ? PricingProblems.DiscountExhausted.With($"All {MaxUses} uses of \"{Code}\" are taken.")
        : used.Customer >= MaxUsesPerCustomer ? PricingProblems.DiscountExhausted.With($"You have used \"{Code}\" {used.Customer} times, which is as often as a customer may.")
        : null;
}
