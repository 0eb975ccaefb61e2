using AdmitOne.Contracts;
using AdmitOne.Events.Events;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Lifecycle;

internal static class ShowCancellation
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/cancellation", HandleAsync)
            .WithName("ShowCancellation").WithSummary("How far the refunds of a cancelled event have come")
            .WithDescription("orders = refunded + failed + remaining + needsPerson. A failed refund is tried again by itself, later and later, and is counted as refunded once its money has gone. An order that needsPerson has blocked tickets, which GET /api/v1/tickets?eventId=…&status=blocked lists: a manager unblocks each, or gives it back by name.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Read)
            .WithAnswerExample(LifecycleExamples.HalfWay)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<CancellationProgress>, Refusal>> HandleAsync(
        Guid id, Caller caller, Database database, CancellationClient tickets, HttpContext context, CancellationToken cancellationToken)
    {
        // The transaction ends before the neighbour is asked.
        string? status;
        await using (var work = await database.BeginAsync(caller.TenantId, cancellationToken)) status = (await EventState.ReadAsync(work, id, cancellationToken))?.Word;
        if (status is null) return EventProblems.NotFound;
        if (status != EventStatus.Cancelled.Word()) return PlatformProblems.NotFound.With($"The event is {status} and not cancelled: there is nothing to give back.");

        context.NeverCache();
        return await tickets.FindAsync(caller.TenantId, id, cancellationToken) is { } progress
            ? TypedResults.Ok(progress)
            : PlatformProblems.DependencyUnavailable.With("The Ticket Service, which refunds the orders, does not answer; the refunds go on without this page.")
                with
            { RetryAfterSeconds = TicketServicePatience.BreakSeconds };
    }
}
