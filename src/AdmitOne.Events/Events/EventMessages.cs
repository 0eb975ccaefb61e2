using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>What is told and noted of an event's text, times and policies; docs/messages.md lists what is told.</summary>
internal static class EventMessages
{
    public static async Task CreatedAsync(TenantWork work, Actor actor, EventBody made, CancellationToken cancellationToken)
    {
        await work.TellAsync("event.created", made.Id, new { made.Slug, made.Name, made.Status, made.StartsAt }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("event.create", "event", made.Id, Before: null, made), cancellationToken);
    }

    /// <param name="refundsUntil">When the refund window ends that this edit has opened; null if it has opened none.</param>
    public static async Task ChangedAsync(
        TenantWork work, Actor actor, (EventBody Before, EventBody After) edit, IReadOnlyList<string> changed, DateTimeOffset? refundsUntil, CancellationToken cancellationToken)
    {
        var (before, after) = edit;
        await work.TellAsync("event.changed", after.Id, new { after.Version, changed }, cancellationToken);
        if (before.StartsAt != after.StartsAt || before.VenueId != after.VenueId)
        {
            await work.TellAsync("event.moved", after.Id, new
            {
                from = new { before.StartsAt, before.VenueId }, to = new { after.StartsAt, after.VenueId }, refundWindowUntil = refundsUntil,
            }, cancellationToken);
        }
        await work.AuditAsync(actor, new AuditEntry("event.change", "event", after.Id, before, after), cancellationToken);
    }

    public static async Task DeletedAsync(TenantWork work, Actor actor, EventBody gone, CancellationToken cancellationToken)
    {
        await work.TellAsync("event.deleted", gone.Id, new { gone.Slug }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("event.delete", "event", gone.Id, gone, After: null), cancellationToken);
    }
}
