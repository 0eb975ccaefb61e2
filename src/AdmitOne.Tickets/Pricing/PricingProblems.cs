using System.Collections.Immutable;
using AdmitOne.Contracts;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Pricing;

/// <summary>Why something cannot be priced as asked.</summary>
public static class PricingProblems
{
    /// <summary>There is no such code, or it does not apply here and now. The full price is never charged in its place.</summary>
    public static readonly ProblemType DiscountInvalid = new("discount_invalid", StatusCodes.Status422UnprocessableEntity, "The discount code does not apply")
    {
        Like = "There is no discount \"EARLYBIRD\".",
    };

    /// <summary>Its uses, or this customer's, are taken. One comes back when an order that took it fails, expires or is wholly refunded.</summary>
    public static readonly ProblemType DiscountExhausted = new("discount_exhausted", StatusCodes.Status422UnprocessableEntity, "The discount code is used up")
    {
        Like = "All 50 uses of \"RIVER10\" are taken.",
    };

    /// <summary>The order does not cost the <c>expectedTotal</c> of the request any more. Nothing was held or charged; <c>total</c> is what it costs now.</summary>
    public static readonly ProblemType PriceChanged = new("price_changed", StatusCodes.Status409Conflict, "The price has changed")
    {
        Like = "It costs 8300 EUR in minor units now; you expected 7500 EUR. Nothing was charged.",
        LikeMembers = ImmutableDictionary.CreateRange<string, object>([new("total", Money.Of(8300, "EUR"))]),
    };

    /// <returns>Null if nothing was expected, or exactly this.</returns>
    internal static Refusal? RefuseOtherTotal(Money? expected, long totalMinor, string currency) => expected is null || (expected.Amount, expected.Currency) == (totalMinor, currency)
        ? null
        : PriceChanged.With($"It costs {totalMinor} {currency} in minor units now; you expected {expected.Amount} {expected.Currency}. Nothing was charged.")
            .And("total", Money.Of(totalMinor, currency));
}
