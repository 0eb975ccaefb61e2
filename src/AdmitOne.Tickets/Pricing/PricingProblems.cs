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
}
