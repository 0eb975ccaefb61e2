using System.Collections.Immutable;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Purchases;

internal static class PurchaseProblems
{
    /// <summary>
    /// The provider said no, its buyer called it off, or the money came too late and goes back: either way nothing is kept. A reservation stays held until its <c>expiresAt</c>, which
    /// <c>heldUntil</c> repeats, and can be paid in another way; without <c>heldUntil</c> the tickets are free again.
    /// </summary>
    public static readonly ProblemType PaymentDeclined = new("payment_declined", StatusCodes.Status402PaymentRequired, "The payment was declined")
    {
        Like = "No money is kept. The reservation is held until 2026-10-01 19:10:00Z: pay it in another way with a new Idempotency-Key.",
        LikeMembers = ImmutableDictionary.CreateRange<string, object>([new("heldUntil", "2026-10-01T19:10:00Z")]),
    };

    /// <summary>The provider can no longer stop it: the money is on its way, or its answer is. The order says what became of it.</summary>
    public static readonly ProblemType PaymentInProgress = new("payment_in_progress", StatusCodes.Status409Conflict, "The payment cannot be called off any more")
    {
        Like = "The provider is still working on it; ask the order again in a moment.",
    };
}
