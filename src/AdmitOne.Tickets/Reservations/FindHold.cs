using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;
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
            .WithAnswerExample(ReservationExamples.Held)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Reservation>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        var rows = await HoldRows.ReadAsync(database.Look(caller.TenantId), id, cancellationToken);
        if (rows.Count == 0) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != caller.UserId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");

        context.NeverCache();
        var hold = new HoldMade(id, rows[0].EventId, rows[0].ExpiresAt, rows.Select(r => new HeldItem(r.TicketTypeId, r.Quantity, r.UnitPriceMinor)).ToArray(), rows[0].Currency)
        {
            Priced = Priced.Read(rows[0].Priced),
        };
        return TypedResults.Ok(Reservation.Of(hold, rows[0].Status));
    }
}
