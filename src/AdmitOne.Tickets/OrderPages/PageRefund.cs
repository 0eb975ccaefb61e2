using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Refunds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.OrderPages;

internal static class PageRefund
{
    public static void Map(IEndpointRouteBuilder page) =>
        page.MapPost("/refunds", HandleAsync)
            .WithName("RequestRefundOfPage").WithSummary("Give the order's tickets back, by its number and pageKey; ?preview=true only says what it comes to")
            .WithDescription("As by its owner: within the event's policy and for its fee. What was sold for cash is given back at the box office.")
            .IdempotencyRequired(unlessQuery: "preview")
            .Produces<RefundPreview>().Produces<Refund>(StatusCodes.Status201Created)
            .WithRequestExample(RefundExamples.OfAll, "all").WithAnswerExample(RefundExamples.Preview, StatusCodes.Status200OK).WithAnswerExample(RefundExamples.Accepted, StatusCodes.Status201Created)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, InventoryProblems.AlreadyRefunded, InventoryProblems.TicketUsed, InventoryProblems.TicketNotIssued,
                InventoryProblems.TicketBlocked, InventoryProblems.RefundWindowClosed, PlatformProblems.Overloaded);

    private static async Task<IResult> HandleAsync(
        string number, string key, bool? preview, RefundRequest request, IdempotencyKey? idempotencyKey, OrderPage page, Actor actor, Database database, EventLanes lanes, RunningRequests running,
        HttpContext context, CancellationToken cancellationToken)
    {
        if (await page.FindAsync(number, key, cancellationToken) is not { } opened) return OrderPage.NoSuch;
        if (opened.Order.UserId is null) return PlatformProblems.NotOwner.With("What was sold at the box office is given back there.");
        return await RequestRefund.AnswerAsync((opened.Order.Id, request, preview == true), idempotencyKey, opened.Owner, actor, database, lanes, running, context, cancellationToken);
    }
}
