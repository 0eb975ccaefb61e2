using System.Text.Json.Nodes;
using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Schedule;
using AdmitOne.Events.Sections;
using AdmitOne.Events.Venues;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Events.Events;

/// <summary>Edits an event. What may change when is in <see cref="EditRules"/> and docs/events.md.</summary>
public static class ChangeEvent
{
    public static void Map(IEndpointRouteBuilder events) =>
        events.MapPatch("/{idOrSlug}", HandleAsync)
            .WithName("ChangeEvent").WithSummary("Change an event (merge patch, If-Match)")
            .WithDescription("By its id; If-Match: the event's version in quotes. What is not named stays, except that doors, check-in and schedule move with a start that moves, "
                + "and so do the sale windows of its ticket types and the time limits of their price rules: movedTicketTypeTimes lists them. "
                + $"After the first sale, another venue or a start moved by more than an hour opens a refund window of {RefundWindow.Hours} hours.")
            .Accepts<NewEvent>("application/merge-patch+json", "application/json")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(EventExamples.Patch).WithAnswerExample(EventExamples.OnSale).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, PlatformProblems.ValidationFailed,
                EventProblems.EditNotAllowed, PlatformProblems.AlreadyExists, SectionProblems.OverVenueCapacity, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<EventBody>, Refusal>> HandleAsync(
        string idOrSlug, JsonObject patch, Caller caller, Actor actor, Database database, MergePatch merge, VenuesClient venues, Categories categories,
        EventMetrics metrics, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(idOrSlug, "D", out var id)) return EventProblems.NotFound;   // at this address only GET takes a slug
        // What stops the edit anyway is said before a neighbour is asked, and nobody makes the buyers of another tenant's event wait at its gate.
        await using (var look = await database.BeginAsync(caller.TenantId, cancellationToken))
        {
            if (await EventRows.FindOwnAsync(look, caller.TenantId, id, cancellationToken) is not { } seen) return EventProblems.NotFound;
            if (EntityTag.Refuse(context, seen.Version) is { } stale) return stale;
        }
        if (EditRules.RefuseRemovals(patch) is { } removal) return removal;
        var slug = Named<string>(patch, "categorySlug");
        var category = slug is null ? null : await categories.FindAsync(caller.TenantId, slug, cancellationToken);
        if (category is null && slug is not null) return EventProblems.NoCategory;
        Venue? venue = null;
        if (Named<Guid?>(patch, "venueId") is { } venueId)
        {
            (venue, var isAway) = await venues.FindAsync(caller.TenantId, venueId, cancellationToken);
            if (venue is null) return EventProblems.WithoutVenue(isAway);
        }

        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (EditRules.TouchSales(patch)) await work.ExecuteAsync(EventGate.EnterToClose, new { gate = EventGate.Key(id) }, cancellationToken);
        if (!await EventRows.LockOwnAsync(work, caller.TenantId, id, cancellationToken)) return EventProblems.NotFound;
        var before = (await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken))!;
        if (EntityTag.Refuse(context, before.Version) is { } precondition) return precondition;
        if (category is not null && !await Categories.KeepAsync(work, category, cancellationToken)) return EventProblems.NoCategory;
        var (merged, invalid) = await merge.ApplyAsync<NewEvent>(before, patch, cancellationToken);
        if (merged is null) return invalid!;

        var sales = await EventSales.ReadAsync(work, caller.TenantId, id, cancellationToken);
        var after = EditRules.Follow(before, merged, patch, sales.Now);
        // Times that stay were accepted by an earlier version: they do not stop an edit of something else.
        var times = EventTimes.Of(after, sales.Now);
        if (times != EventTimes.Of(before) && times.Refuse() is { } broken) return broken;
        var changed = EditRules.Changed(before, after);
        if (changed.Count > 0)
        {
            if (EditRules.Refuse(before, after, changed, sales) is { } refusal) return refusal;
            if (venue is not null && await SectionRows.RefuseSmallerVenueAsync(work, caller.TenantId, id, venue.MaxCapacity, cancellationToken) is { } tooSmall) return tooSmall;
        }
        else if (venue is null || venue.Name == before.Venue.Name)
        {
            return Answer(context, before);
        }

        IReadOnlyList<MovedTime> moved;
        try
        {
            var move = new WallMove(before.TimeZone, before.StartsAt, after.TimeZone, after.StartsAt);
            await EventWrites.UpdateAsync(work, caller.TenantId, id, after, times, venue, cancellationToken);
            if (await ScheduleRows.MoveAlongAsync(work, caller.TenantId, id, move, cancellationToken) is { } outside) return outside;
            moved = await TicketTypeTimes.MoveAlongAsync(work, actor, id, move, cancellationToken);
        }
        catch (PostgresException tooLong) when (EventProblems.OfConstraint(tooLong) is { } refusal)
        {
            return refusal;
        }
        var written = (await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken))! with { MovedTicketTypeTimes = moved.Count == 0 ? null : moved };
        written = written with { RefundWindowUntil = await RefundWindow.FollowAsync(work, before, written, sales, cancellationToken) };
        await EventMessages.ChangedAsync(work, actor, (before, written), changed, written.RefundWindowUntil == before.RefundWindowUntil ? null : written.RefundWindowUntil, cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Changed();
        return Answer(context, written);
    }

    // A value of the wrong kind is left to the merge, which refuses it with the right words.
    private static T? Named<T>(JsonObject patch, string name) => patch[name] is JsonValue value && value.TryGetValue(out T? given) ? given : default;

    private static Ok<EventBody> Answer(HttpContext context, EventBody body)
    {
        context.NeverCache();
        EntityTag.Set(context, body.Version);
        return TypedResults.Ok(body);
    }
}
