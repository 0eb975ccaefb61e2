using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Purchases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>Calls off a pending payment, so that its owner can pay in another way at once. Again is fine; an order that was paid meanwhile stays paid.</summary>
internal static class CancelOrder
{
    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapPost("/{id}/cancel", HandleAsync)
            .WithName("CancelOrder").WithSummary("Call off an order's pending payment; one that was paid meanwhile is answered paid")
            .WithDescription("The provider is asked to cancel. A reservation stays held until its expiresAt and can be paid again with a new Idempotency-Key; what was bought in one step is free again.")
            .WithRateTier(RateTier.Write).WithAnswerExample(OrderExamples.CalledOff)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PurchaseProblems.PaymentInProgress, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<Order>, Refusal>> HandleAsync(
        Guid id, Caller caller, HttpContext context, Database database, PaymentDesk desk, OrderReading reading, CancellationToken cancellationToken)
    {
        var look = database.Look(caller.TenantId);
        if (await OrderRow.FindAsync(look, id, cancellationToken) is not { } order) return PlatformProblems.NotFound.With("There is no such order.");
        if (order.UserId != caller.UserId) return PlatformProblems.NotOwner.With("Only the order's owner calls its payment off.");
        try
        {
            if (!await desk.CallOffAsync(caller.TenantId, id, cancellationToken)) return PurchaseProblems.PaymentInProgress.With("The provider is still working on it; ask the order again in a moment.");
        }
        catch (PaymentProviderException)
        {
            return PlatformProblems.DependencyUnavailable.With("The payment provider does not answer, so the payment still stands; try again in a moment.") with { RetryAfterSeconds = 2 };
        }
        context.NeverCache();
        return TypedResults.Ok((await reading.FindAsync(look, id, caller, cancellationToken))!);
    }
}
