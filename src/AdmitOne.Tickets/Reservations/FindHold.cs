using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Reservations;

internal static class FindHold
{
    public static void Map(IEndpointRouteBuilder reservations) =>
        reservations.MapGet("/{id}", HandleAsync)
            .WithName("FindReservation").WithSummary("One reservation of one's own").WithRateTier(RateTier.Read)
            .WithAnswerExample(ReservationExamples.Held).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Reservation>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        var rows = await HoldRows.ReadAsync(database.Look(caller.TenantId), id, cancellationToken);
        if (rows.Count == 0) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != caller.UserId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");

        context.NeverCache();
        var found = HoldRows.Answer(rows);
        context.Response.Headers.ETag = found.Tag();
        return TypedResults.Ok(found);
    }
}
