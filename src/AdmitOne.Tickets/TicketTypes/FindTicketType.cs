using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.TicketTypes;

internal static class FindTicketType
{
    public static void Map(IEndpointRouteBuilder types) =>
        types.MapGet("/{id}", HandleAsync)
            .WithName("FindTicketType").WithSummary("One ticket type")
            .AllowAnonymous().WithRateTier(RateTier.Global).Produces(StatusCodes.Status304NotModified)
            .WithAnswerExample(TicketTypeExamples.Kept).WithEntityTag().MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<TicketType>, StatusCodeHttpResult, Refusal>> HandleAsync(
        Guid id, Caller? caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        // A type alone does not say whose it is; its event says who may see it.
        var tenant = (await database.AskForAllTenantsAsync<Guid?>("select tickets.tenant_of_ticket_type(@id)", new { id }, cancellationToken))[0];
        if (tenant is null) return TicketTypeProblems.NoType;
        var found = await TicketTypeRow.FindAsync(database.Look(tenant.Value), id, cancellationToken);
        if (found is null || await ReadableEvent.LookAsync(database, found.EventId, caller, cancellationToken) is null) return TicketTypeProblems.NoType;

        EntityTag.Set(context, found.Version);
        return EntityTag.IsKnown(context, found.Version) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(found.Answer());
    }
}
