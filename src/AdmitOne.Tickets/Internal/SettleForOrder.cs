using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Purchases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Internal;

/// <summary>Which order, and what the order service calls its payment.</summary>
public sealed record SettleForOrderRequest
{
    public required Guid OrderId { get; init; }

    [PlainText(200)]
    public string? PaymentReference { get; init; }
}

/// <summary>The money is there: the tickets are issued. Or it is not: the places go back at once. Either may be said twice.</summary>
internal static class SettleForOrder
{
    private static readonly SettleForOrderRequest s_example = new() { OrderId = ExampleSale.Order };

    public static void Map(IEndpointRouteBuilder orders)
    {
        Describe(orders.MapPost("/confirm", (SettleForOrderRequest request, SignedCaller caller, Database database, EventLanes lanes, CancellationToken cancellationToken) =>
                SettleAsync(request, caller, PaymentResult.Succeeded, database, lanes, cancellationToken)))
            .WithName("ConfirmForOrder").WithSummary("The order service has the money: issue the tickets").WithAnswerExample(InternalExamples.Confirmed);
        Describe(orders.MapPost("/release", (SettleForOrderRequest request, SignedCaller caller, Database database, EventLanes lanes, CancellationToken cancellationToken) =>
                SettleAsync(request, caller, PaymentResult.Failed, database, lanes, cancellationToken)))
            .WithName("ReleaseForOrder").WithSummary("The order service gives the places back").WithAnswerExample(InternalExamples.Held with { Status = "released" });
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) =>
        route.WithDescription(InternalFeature.Description).WithRateTier(RateTier.Global).WithRequestExample(s_example)
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.ReservationExpired, InventoryProblems.ReservationNotHeld, PlatformProblems.Overloaded, PlatformProblems.BadSignature,
                PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<ExternalOrder>, Refusal>> SettleAsync(
        SettleForOrderRequest request, SignedCaller caller, PaymentResult result, Database database, EventLanes lanes, CancellationToken cancellationToken)
    {
        if (caller.TenantId is not { } tenantId) return PlatformProblems.NotFound.With("There is no such order.");
        ExternalOrderRow? order;
        Guid[] types;
        await using (var work = await database.BeginAsync(tenantId, cancellationToken))
        {
            order = await ExternalOrderRow.FindAsync(work, request.OrderId, cancellationToken);
            if (order is not { Method: "external" }) return PlatformProblems.NotFound.With("There is no such order.");
            types = (await RefundableOrder.FindAsync(work, order.Id, cancellationToken))!.TicketTypeIds;
        }
        var (settled, refusal) = await lanes.RunAsync(new SettlePayment(tenantId, order.EventId, order.Id, new HeldFor(order.HoldId, order.UserId, types, DiscountIds: null), result, request.PaymentReference,
            PurchaseAnswer.Paid, PurchaseAnswer.Declined, refuseLateMoney: true), cancellationToken);
        if (settled is null) return refusal!;
        if (result == PaymentResult.Failed && settled.OrderStatus is "paid" or "partially_refunded" or "refunded")
            return InventoryProblems.ReservationNotHeld.With("It was confirmed; refund the order instead.");
        await using var after = await database.BeginAsync(tenantId, cancellationToken);
        return TypedResults.Ok(await (await ExternalOrderRow.FindAsync(after, order.Id, cancellationToken))!.AnswerAsync(after, cancellationToken));
    }
}
