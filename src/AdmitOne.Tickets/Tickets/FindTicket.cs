using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Tickets;

internal static class FindTicket
{
    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/{id}", HandleAsync)
            .WithName("FindTicket").WithSummary("One ticket").WithRateTier(RateTier.Read)
            .WithAnswerExample(TicketExamples.Issued).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Ticket>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        if (await database.Look(caller.TenantId).FindAsync<TicketRow>($"{TicketRow.Select} where t.id = @id", new { id }, cancellationToken) is var ticket
            && caller.RefuseUnlessMine("ticket", ticket is null ? null : new Owner(ticket.UserId)) is { } refusal) return refusal;
        context.NeverCache();
        var found = ticket!.Answer(caller);
        context.Response.Headers.ETag = EntityTag.OfContent(found);
        return TypedResults.Ok(found);
    }
}
