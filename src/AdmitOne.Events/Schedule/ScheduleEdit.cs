using AdmitOne.Events.Events;
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
        if (await EventRows.LockPartsAsync(work, tenantId, eventId, cancellationToken) is not { } locked) return EventProblems.NotFound;
        return locked.IsOver ? EventProblems.EditNotAllowed.With($"The event is {locked.Status}: its schedule stays as it is.") : null;
    }

    public static async Task<Refusal?> RefuseOutsideAsync(TenantWork work, Guid eventId, Guid id, CancellationToken cancellationToken) =>
        await ScheduleRows.FindOutsideAsync(work, eventId, id, cancellationToken) is null
            ? null
            : PlatformProblems.Invalid("/startsAt", "It must lie within its event: doors and start not before the event's, its end not after it.");

    /// <summary>What a message says of an entry.</summary>
    public static object Told(ScheduleEntry entry) => new { entry.EventId, entry.StartsAt, entry.EndsAt };
}
