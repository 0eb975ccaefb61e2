using System.ComponentModel.DataAnnotations;
using AdmitOne.Events.Events;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Schedule;

/// <summary>A schedule entry as it is posted; a patch is judged by what it makes of this.</summary>
public sealed record NewScheduleEntry : IValidatableObject
{
    [PlainText(100)]
    public string? Name { get; init => field = value?.Trim(); }

    /// <summary>At the start, unless said otherwise.</summary>
    [EventInstant]
    public DateTimeOffset? DoorsAt { get; init; }

    [EventInstant]
    public required DateTimeOffset StartsAt { get; init; }

    [EventInstant]
    public required DateTimeOffset EndsAt { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (StartsAt >= EndsAt) yield return new ValidationResult("Must be after startsAt.", [nameof(EndsAt)]);
        if (DoorsAt > StartsAt) yield return new ValidationResult("Must not be after startsAt.", [nameof(DoorsAt)]);
        if (StartsAt - DoorsAt > TimeSpan.FromDays(EventTimes.MaxDaysFromDoorsToStart))
            yield return new ValidationResult($"Must be at most {EventTimes.MaxDaysFromDoorsToStart} days before startsAt.", [nameof(DoorsAt)]);
    }
}

public static class AddScheduleEntry
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapPost("/", HandleAsync)
            .WithName("AddScheduleEntry").WithSummary("Add an occurrence to an event")
            .WithDescription("It lies within the event: doors and start not before the event's, its end not after it.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(ScheduleExamples.New).WithAnswerExample(ScheduleExamples.FirstNight).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed, EventProblems.EditNotAllowed);

    private static async Task<Results<Created<ScheduleEntry>, Refusal>> HandleAsync(
        Guid eventId, NewScheduleEntry asked, Caller caller, Actor actor, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        var id = Guid.CreateVersion7();
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await ScheduleEdit.LockEventAsync(work, tenantId, eventId, cancellationToken) is { } refusal) return refusal;
        var added = await work.ExecuteAsync("""
            insert into events.schedule_entries (tenant_id, id, event_id, name, doors_at, starts_at, ends_at)
            select @tenantId, @id, @eventId, @Name, @DoorsAt, @StartsAt, @EndsAt
             where (select count(*) from events.schedule_entries where tenant_id = @tenantId and event_id = @eventId) < @max
            """, new { tenantId, id, eventId, asked.Name, DoorsAt = asked.DoorsAt ?? asked.StartsAt, asked.StartsAt, asked.EndsAt, max = ScheduleRows.MaxEntries }, cancellationToken);
        if (added == 0) return PlatformProblems.Invalid("", $"An event has at most {ScheduleRows.MaxEntries} schedule entries.");
        if (await ScheduleEdit.RefuseOutsideAsync(work, eventId, id, cancellationToken) is { } outside) return outside;
        var entry = (await ScheduleRows.FindAsync(work, id, cancellationToken))!;
        await work.TellAsync("schedule.created", id, ScheduleEdit.Told(entry), cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("schedule.create", "schedule_entry", id, Before: null, entry), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        EntityTag.Set(context, entry.Version);
        return TypedResults.Created($"/api/v1/schedule/{id}", entry);
    }
}
