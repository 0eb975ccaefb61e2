using AdmitOne.Contracts;
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
            .WithAnswerExample(ReservationExamples.Held)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Reservation>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await HoldRows.ReadAsync(work, id, cancellationToken);
        if (rows.Count == 0) return PlatformProblems.NotFound.With("There is no such reservation.");
        if (rows[0].UserId != caller.UserId) return PlatformProblems.NotOwner.With("The reservation is somebody else's.");

        context.NeverCache();
        var items = rows.Select(r => new ReservationItem(r.TicketTypeId, r.Quantity, Money.Of(r.UnitPriceMinor, r.Currency), Money.Of(r.UnitPriceMinor * r.Quantity, r.Currency))).ToArray();
        return TypedResults.Ok(new Reservation(id, rows[0].EventId, rows[0].Status, rows[0].ExpiresAt, items, Money.Of(items.Sum(i => i.Total.Amount), rows[0].Currency)));
    }
}
