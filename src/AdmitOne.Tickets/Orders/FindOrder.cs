using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

internal static class FindOrder
{
    public static void Map(IEndpointRouteBuilder orders) =>
        orders.MapGet("/{id}", HandleAsync)
            .WithName("FindOrder").WithSummary("One order with its lines, payment and tickets").WithRateTier(RateTier.Read)
            .WithAnswerExample(OrderExamples.Paid)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Order>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, OrderReading reading, CancellationToken cancellationToken)
    {
        var look = database.Look(caller.TenantId);
        var order = await OrderRow.FindAsync(look, id, cancellationToken);
        if (caller.RefuseUnlessMine("order", order?.Owner) is { } refusal) return refusal;
        context.NeverCache();
        return TypedResults.Ok((await reading.FindAsync(look, id, caller, cancellationToken))!);
    }
}
