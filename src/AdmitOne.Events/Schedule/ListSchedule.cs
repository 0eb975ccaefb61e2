using System.ComponentModel.DataAnnotations;
using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Events;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Schedule;

public static class ListSchedule
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/", HandleAsync)
            .WithName("ListSchedule").WithSummary("An event's occurrences, soonest first")
            .AllowAnonymous().WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(ScheduleExamples.FirstNight))
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.InvalidParameter, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<ScheduleEntry>>, Refusal>> HandleAsync(
        Guid eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller? caller, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        Position? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Send the nextCursor of the page before.");

        await using var work = await CatalogueView.BeginAsync(database, caller, cancellationToken);
        if (await EventRows.FindAsync(work, "e.id = @eventId", new { eventId }, cancellationToken) is not { } seen) return EventProblems.NotFound;
        await work.ActAsAsync(seen.TenantId, cancellationToken);
        var count = limit ?? Paging.DefaultLimit;
        var entries = await ScheduleRows.ListAsync(work, eventId, after is null ? null : (after.StartsAt, after.Id), count + 1, cancellationToken);

        CatalogueView.SayHowLongToKeep(context, caller);
        return TypedResults.Ok(Paging.Make(entries, count, entry => entry, entry => new Position(entry.StartsAt, entry.Id)));
    }

    private sealed record Position(DateTimeOffset StartsAt, Guid Id);
}
