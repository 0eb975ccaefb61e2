using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Orders;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.OrderPages;

internal static class PageReceipt
{
    public static void Map(IEndpointRouteBuilder page) =>
        page.MapGet("/receipt", HandleAsync)
            .WithName("ShowReceiptOfPage").WithSummary("The order's receipt, by its number and pageKey, as JSON or as a page to print")
            .Produces<Receipt>().WithAnswerExample(ShowReceipt.Example).AlsoAnswers("text/html")
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);

    private static async Task<IResult> HandleAsync(string number, string key, string? format, OrderPage page, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        if (await page.FindAsync(number, key, cancellationToken) is not { } opened) return OrderPage.NoSuch;
        await using var work = await database.BeginAsync(opened.Look.TenantId, cancellationToken);
        return await ShowReceipt.AnswerAsync(work, opened.Order, format, context, cancellationToken);
    }
}
