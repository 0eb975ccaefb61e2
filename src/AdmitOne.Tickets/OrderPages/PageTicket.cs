using System.Text.Json.Nodes;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Tickets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.OrderPages;

/// <summary>A ticket of an order's page: its code, and who comes with it.</summary>
internal static class PageTicket
{
    private static readonly Refusal s_noTicket = PlatformProblems.NotFound.With("The order has no such ticket, or it was given away.");

    public static void Map(IEndpointRouteBuilder page)
    {
        page.MapGet("/tickets/{ticketId}/qr", ShowCodeAsync)
            .WithName("ShowTicketCodeOfPage").WithSummary("The code of one of the order's tickets, by the order's number and pageKey, as JSON, PNG or SVG")
            .Produces<TicketCode>().WithAnswerExample(new TicketCode(ExampleSale.Ticket, ExampleSale.Code, "static", ValidUntil: null, RefreshAt: null, Rotation: null))
            .AlsoAnswers("image/png", "image/svg+xml")
            .MayRefuseWith(PlatformProblems.NotFound, ShowCode.NotIssued, PlatformProblems.ValidationFailed);
        page.MapPatch("/tickets/{ticketId}", NameAsync)
            .WithName("NameAttendeeOfPage").WithSummary("Say who comes with one of the order's tickets, by the order's number and pageKey (merge patch)")
            .Accepts<TicketAttendee>("application/merge-patch+json", "application/json").Produces<Ticket>()
            .WithRequestExample(TicketExamples.Attendee).WithAnswerExample(TicketExamples.Issued).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.VersionMismatch, InventoryProblems.TicketNotIssued, InventoryProblems.TicketUsed, PlatformProblems.ValidationFailed);
    }

    private static async Task<IResult> ShowCodeAsync(
        string number, string key, Guid ticketId, string? format, OrderPage page, HttpContext context, Database database, TicketCodes codes, CancellationToken cancellationToken)
    {
        if (await page.FindAsync(number, key, cancellationToken) is not { } opened) return OrderPage.NoSuch;
        var ofOrder = await opened.Look.FindAsync<Guid?>("select order_id from tickets.tickets where id = @ticketId", new { ticketId }, cancellationToken);
        return ofOrder != opened.Order.Id
            ? s_noTicket
            : await ShowCode.AnswerAsync(opened.Look.TenantId, ticketId, holder => holder == opened.Order.UserId, format, context, database, codes, cancellationToken) switch
            {
                Refusal { Type: var type } when type == PlatformProblems.NotOwner => s_noTicket,
                var answer => answer,
            };
    }

    private static async Task<IResult> NameAsync(
        string number, string key, Guid ticketId, JsonObject patch, OrderPage page, HttpContext context, Database database, MergePatch merge, CancellationToken cancellationToken)
    {
        if (await page.FindAsync(number, key, cancellationToken) is not { } opened) return OrderPage.NoSuch;
        await using var work = await database.BeginAsync(opened.Look.TenantId, cancellationToken);
        var ticket = await NameAttendee.LockAsync(work, ticketId, cancellationToken);
        return ticket is null || !opened.Has(ticket.OrderId, ticket.UserId)
            ? s_noTicket
            : await NameAttendee.AnswerAsync(work, ticket, patch, (opened.Owner, Actor.Of(context)), context, merge, cancellationToken);
    }
}
