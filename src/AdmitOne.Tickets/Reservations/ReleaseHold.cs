using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Reservations;

internal static class ReleaseHold
{
    public static void Map(IEndpointRouteBuilder reservations) =>
        reservations.MapDelete("/{id}", HandleAsync)
            .WithName("ReleaseReservation").WithSummary("Give a reservation's tickets back at once; again is fine").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, InventoryProblems.ReservationNotHeld, InventoryProblems.ReservationChanged, PlatformProblems.Overloaded);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(Guid id, Caller caller, Database database, EventLanes lanes, CancellationToken cancellationToken)
    {
        var rows = await HoldRows.ReadAsync(database.Look(caller.TenantId), id, cancellationToken);
        if (rows.Count == 0) return PlatformProblems.NotFound.With("There is no such reservation.");

        var (_, refusal) = await lanes.RunAsync(new ReleaseStock(caller.TenantId, rows[0].EventId, caller.UserId, id, rows.Select(r => r.TicketTypeId).ToArray()), cancellationToken);
        return refusal is null ? TypedResults.NoContent() : refusal;
    }
}
