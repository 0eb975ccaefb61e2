using System.Text.Json;
using AdmitOne.Platform.Http;

namespace AdmitOne.Tickets.Pricing;

public enum PriceLineKind { Ticket, Discount, Fee, Tax }

/// <summary>One line of a bill.</summary>
/// <param name="Label">What the receipt calls it; null for tickets, which their type names.</param>
/// <param name="UnitMinor">Of a ticket; 0 on other lines.</param>
/// <param name="TotalMinor">What it adds to the total; below 0 for a discount.</param>
/// <param name="NotedMinor">What it says without adding: tax that the price contains, a fee that the organiser bears.</param>
internal sealed record PriceLine(PriceLineKind Kind, Guid TicketTypeId, string? Label, int Quantity, long UnitMinor, long TotalMinor, long NotedMinor = 0)
{
    /// <summary>Of a tax, in hundredths of a percent: 5.5 is 550.</summary>
    public int? RateBp { get; init; }
}

/// <summary>What the buyer pays for each ticket of one type, with its share of everything.</summary>
internal sealed record PricedTickets(Guid TicketTypeId, long UnitMinor, IReadOnlyList<long> PaidMinor);

/// <param name="AmountMinor">How much it took off.</param>
internal sealed record AppliedDiscount(Guid Id, string Code, long AmountMinor);

/// <summary>An order as the engine priced it. Its lines, and what its tickets cost, add up to the total. A hold keeps it as JSON.</summary>
internal sealed record Priced(string Currency, long TotalMinor, IReadOnlyList<PriceLine> Lines, IReadOnlyList<PricedTickets> Tickets, IReadOnlyList<AppliedDiscount> Discounts)
{
    public PricedTickets Of(Guid ticketTypeId) => Tickets.First(t => t.TicketTypeId == ticketTypeId);

    public string Write() => JsonSerializer.Serialize(this, Json.Answers);

    public static Priced? Read(string? json) => json is null ? null : JsonSerializer.Deserialize<Priced>(json, Json.Answers);
}
