using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Orders;
using AdmitOne.Tickets.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.OrderPages;

/// <summary>An order and those of its tickets that are still its buyer's.</summary>
public sealed record OrderPageContent(Order Order, IReadOnlyList<Ticket> Tickets);

internal static class ShowOrderPage
{
    public static void Map(IEndpointRouteBuilder page) =>
        page.MapGet("/", HandleAsync)
            .WithName("ShowOrderPage").WithSummary("An order with its tickets, by its number and pageKey")
            .WithAnswerExample(new OrderPageContent(OrderExamples.Paid, [TicketExamples.Issued]))
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<OrderPageContent>, Refusal>> HandleAsync(string number, string key, OrderPage page, OrderReading reading, HttpContext context, CancellationToken cancellationToken)
    {
        if (await page.FindAsync(number, key, cancellationToken) is not { } opened) return OrderPage.NoSuch;
        var order = await reading.FindAsync(opened.Look, opened.Order.Id, opened.Owner, cancellationToken);
        var tickets = await opened.Look.QueryAsync<TicketRow>($"{TicketRow.Select} where t.order_id = @Id order by t.id", new { opened.Order.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new OrderPageContent(order!, [.. tickets.Where(ticket => opened.Has(ticket.OrderId, ticket.UserId)).Select(ticket => ticket.Answer(opened.Owner))]));
    }
}
