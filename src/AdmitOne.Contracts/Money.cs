using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Contracts;

/// <summary>An amount of money: whole minor units and the currency they belong to. Never a fraction, never a float.</summary>
public sealed record Money
{
    /// <summary>Minor units as ISO 4217 counts them: 4500 is 45.00 EUR, 4500 JPY, 4.500 KWD.</summary>
    [Range(0, 1_000_000_000_000)]
    public required long Amount { get; init; }

    /// <summary>An ISO 4217 code, such as <c>EUR</c>.</summary>
    [Currency]
    public required string Currency { get; init; }

    public static Money Of(long amountMinor, string currency) => new() { Amount = amountMinor, Currency = currency };
}
