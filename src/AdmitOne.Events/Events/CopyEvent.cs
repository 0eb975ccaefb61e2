using System.Text.Json.Nodes;
using AdmitOne.Events.Schedule;
using AdmitOne.Events.Sections;
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

/// <summary>In what a copy differs.</summary>
public sealed record NewCopy
{
    /// <summary>The original's, unless said otherwise. All other times keep their distance to it by the clocks of the event's zone.</summary>
    [EventInstant]
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>The original's, unless said otherwise.</summary>
    [PlainText(200)]
    public string? Name { get; init => field = value?.Trim(); }
}

public static class CopyEvent
{
    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapPost("/events/{id}/copy", HandleAsync).WithTags("Events")
            .WithName("CopyEvent").WithSummary("Make a draft like this event")
            .WithDescription("Text, policies, sections and schedule are the original's; a 20:00 show stays one at 20:00 by the clocks of its zone. Ticket types are not copied.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(EventExamples.Copy).WithAnswerExample(EventExamples.Draft).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);

    private static async Task<Results<Created<EventBody>, Refusal>> HandleAsync(
        Guid id, NewCopy? asked, Caller caller, Actor actor, Database database, MergePatch merge, EventMetrics metrics, TimeProvider clock, HttpContext context,
        CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        // What it is copied from stays as it is until the copy is complete.
        if (!await EventRows.LockOwnAsync(work, caller.TenantId, id, cancellationToken)) return EventProblems.NotFound;
        var original = (await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken))!;
        var (text, invalid) = await merge.ApplyAsync<NewEvent>(original, new JsonObject(), cancellationToken);
        if (text is null) return invalid!;

        var move = new WallMove(original.TimeZone, original.StartsAt, original.TimeZone, asked?.StartsAt ?? original.StartsAt);
        var copy = text with { Slug = null, Name = asked?.Name ?? text.Name, StartsAt = move.To, EndsAt = move.Of(original.EndsAt) };
        var times = EventTimes.Of(original).Moved(move);
        if (times.Refuse() is { } broken) return broken;

        // The venue as the original knows it: a copy promises nothing new of it, so its service need not be asked.
        var venue = await EventWrites.KnownVenueAsync(work, original, cancellationToken);
        try
        {
            if (await EventWrites.InsertAsync(work, caller.TenantId, copy, times, venue, cancellationToken) is not { } created) return EventProblems.SlugTaken;
            await SectionRows.CopyAsync(work, caller.TenantId, id, created.Id, cancellationToken);
            await ScheduleRows.CopyAsync(work, caller.TenantId, id, created.Id, move, cancellationToken);
            await EventMessages.CreatedAsync(work, actor, created, cancellationToken);
            await work.CommitAsync(cancellationToken);
            metrics.Created();
            return CreateEvent.Answer(context, created);
        }
        catch (PostgresException tooLong) when (EventProblems.OfConstraint(tooLong) is { } refusal)
        {
            return refusal;
        }
    }
}
