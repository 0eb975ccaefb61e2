using AdmitOne.Events.Events;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Events.Schedule;

/// <summary>What all edits of a schedule have in common.</summary>
internal static class ScheduleEdit
{
    public static readonly Refusal NotFound = PlatformProblems.NotFound.With("There is no schedule entry of this id here.");

    /// <summary>Locks the event, so that its bounds stay while an entry is put within them.</summary>
    public static async Task<Refusal?> LockEventAsync(TenantWork work, Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        if (!await EventRows.LockOwnAsync(work, tenantId, eventId, cancellationToken)) return EventProblems.NotFound;
        var locked = (await EventRows.FindOwnAsync(work, tenantId, eventId, cancellationToken))!;
        return Transitions.IsFinal(locked.Status) ? EventProblems.EditNotAllowed.With($"The event is {locked.Status.Word()}: its schedule stays as it is.") : null;
    }

    public static async Task<Refusal?> RefuseOutsideAsync(TenantWork work, Guid tenantId, Guid eventId, Guid id, CancellationToken cancellationToken) =>
        await ScheduleRows.RefuseOutsideAsync(work, tenantId, eventId, id, cancellationToken) is null
            ? null
            : PlatformProblems.Invalid("/startsAt", "It must lie within its event: doors and start not before the event's, its end not after it.");

    public static Task<int> TellAsync(TenantWork work, Guid tenantId, string type, ScheduleEntry entry, CancellationToken cancellationToken) => work.ExecuteAsync("""
        insert into platform.outbox (tenant_id, id, type, resource_id, data)
        values (@tenantId, @messageId, @type, @Id, jsonb_build_object('eventId', @EventId, 'startsAt', @StartsAt, 'endsAt', @EndsAt))
        """, new { tenantId, messageId = Guid.CreateVersion7(), type, entry.Id, entry.EventId, entry.StartsAt, entry.EndsAt }, cancellationToken);
}
