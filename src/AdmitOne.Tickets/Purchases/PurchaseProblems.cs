using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Purchases;

internal static class PurchaseProblems
{
    /// <summary>The provider said no, or the money came too late and goes back: either way nothing is kept, and the tickets are free again.</summary>
    public static readonly ProblemType PaymentDeclined = new("payment_declined", StatusCodes.Status402PaymentRequired, "The payment was declined")
    {
        Like = "No money is kept and the tickets are free again; try another way to pay with a new Idempotency-Key.",
    };
}
