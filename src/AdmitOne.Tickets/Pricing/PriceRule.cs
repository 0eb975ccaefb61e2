using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;

namespace AdmitOne.Tickets.Pricing;

public enum PriceRuleKind { EarlyBird, LastMinute, Group, Dynamic }

/// <summary>
/// When a ticket costs something else than its type's price. A type's rules are tried in their order and the first that applies decides.
/// It names a <c>price</c>, or a <c>percent</c> off the type's; <c>dynamic</c> has bounds instead, always applies, and so comes last.
/// </summary>
public sealed record PriceRule
{
    public required PriceRuleKind Kind { get; init; }

    /// <summary><c>early_bird</c>: before this instant.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary><c>early_bird</c>: while the whole order is among this many first tickets of the type, held ones counted.</summary>
    [Range(1, 1_000_000)]
    public int? Count { get; init; }

    /// <summary><c>last_minute</c>: from this instant on.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary><c>group</c>: from so many tickets of the type in one order.</summary>
    [Range(2, 50)]
    public int? Quantity { get; init; }

    public Money? Price { get; init; }

    /// <summary>Taken off the type's price.</summary>
    [Percent]
    public decimal? Percent { get; init; }

    /// <summary><c>dynamic</c>: the price of the first ticket.</summary>
    public Money? MinPrice { get; init; }

    /// <summary><c>dynamic</c>: what the price comes to, in proportion, as the last tickets go.</summary>
    public Money? MaxPrice { get; init; }
}

public enum FeePer { Ticket, Order }

public enum FeePayer { Buyer, Organizer }

/// <summary>What is charged beside the ticket: an <c>amount</c>, or a <c>percent</c> of what the tickets cost after discounts.</summary>
public sealed record Fee
{
    /// <summary>As the receipt says it. A fixed fee per order that several types name alike is charged once, the highest of them.</summary>
    [PlainText(60)]
    public required string Name { get; init; }

    public Money? Amount { get; init; }

    [Percent]
    public decimal? Percent { get; init; }

    public FeePer Per { get; init; }

    /// <summary>A fee that the organizer bears is kept with the order, and no part of what the buyer pays.</summary>
    public FeePayer PaidBy { get; init; }
}

/// <summary>The type's tax, on its tickets after discounts and on the fees that the buyer pays for them.</summary>
public sealed record Tax
{
    [PlainText(60)]
    public string Name { get; init; } = "Tax";

    [Percent]
    public required decimal Percent { get; init; }

    /// <summary>True: prices contain it, and it is only said. False: it is added.</summary>
    public bool Included { get; init; } = true;
}

/// <summary>Above 0, at most 100, in hundredths: 19, 5.5, 7.25.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PercentAttribute() : ValidationAttribute("Must be above 0 and at most 100, with at most two decimals.")
{
    public const int WholeInBasisPoints = 10_000;

    public override bool IsValid(object? value) => value is null || (value is decimal percent and > 0 and <= 100 && decimal.Truncate(percent * 100) == percent * 100);

    /// <returns>Hundredths of a percent: 5.5 is 550.</returns>
    public static int BasisPoints(decimal percent) => (int)(percent * 100);
}
