using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Reservations;

internal static class ListHolds
{
    public static void Map(IEndpointRouteBuilder reservations) =>
        reservations.MapGet("/", HandleAsync)
            .WithName("ListReservations").WithSummary("One's own reservations that are still held, newest first").WithRateTier(RateTier.Read)
            .WithDescription("What is being paid is among them, until its payment is settled. What was bought is an order; what was released or has expired is not listed.")
            .WithAnswerExample(RouteExamples.OnePage(ReservationExamples.Held))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<Reservation>>, Refusal>> HandleAsync(
        Guid? eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        var rows = await HoldRows.ReadOpenAsync(database.Look(caller.TenantId), (caller.UserId, eventId), after, size + 1, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make([.. rows.GroupBy(row => row.HoldId)], size, hold => HoldRows.Answer([.. hold]), hold => new NewestFirst(hold.First().CreatedAt, hold.Key)));
    }
}
