using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Purchases;

internal static class PurchaseProblems
{
    /// <summary>The provider said no, or the money came too late and goes back: either way nothing is kept, and the tickets are free again.</summary>
    public static readonly ProblemType PaymentDeclined = new("payment_declined", StatusCodes.Status402PaymentRequired, "The payment was declined");
}
