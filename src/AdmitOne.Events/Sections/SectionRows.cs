using AdmitOne.Events.Events;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Events.Sections;

/// <summary>How sections are read, and the rule that they keep together.</summary>
public static class SectionRows
{
    internal const string Columns = "id, event_id, name, code, capacity, version, created_at, updated_at";

    /// <summary>Sections of one event in the order they were added; the transaction acts as the event's tenant.</summary>
    /// <param name="after">Null from the first on.</param>
    public static Task<IReadOnlyList<SectionBody>> ListAsync(TenantWork work, Guid eventId, Guid? after, int limit, CancellationToken cancellationToken) =>
        work.QueryAsync<SectionBody>($"""
            select {Columns} from events.sections
             where tenant_id = current_setting('app.tenant_id')::uuid and event_id = @eventId{Where.And(after is not null, "id > @after")}
             order by id limit @limit
            """, new { eventId, after, limit }, cancellationToken);

    internal static Task<SectionBody?> FindAsync(TenantWork work, Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        work.FindAsync<SectionBody>($"select {Columns} from events.sections where tenant_id = @tenantId and id = @id", new { tenantId, id }, cancellationToken);

    /// <summary>Asks in a statement of its own, after the lock, so that it sees what the last holder committed.</summary>
    /// <param name="except">The section whose capacity is about to change.</param>
    internal static async Task<Refusal?> RefuseOverVenueAsync(
        TenantWork work, LockedEvent locked, Guid tenantId, Guid eventId, Guid? except, int capacity, CancellationToken cancellationToken)
    {
        var others = await work.FindAsync<long>("""
            select coalesce(sum(capacity), 0) from events.sections
             where tenant_id = @tenantId and event_id = @eventId and id is distinct from @except
            """, new { tenantId, eventId, except }, cancellationToken);
        return others + capacity <= locked.VenueMaxCapacity
            ? null
            : SectionProblems.OverVenueCapacity.With($"The venue may hold {locked.VenueMaxCapacity}, the other sections take {others}: {Math.Max(0, locked.VenueMaxCapacity - others)} are left.");
    }

    /// <summary>An event may move only to a venue that takes its sections as they are.</summary>
    internal static Task<Refusal?> RefuseSmallerVenueAsync(TenantWork work, Guid tenantId, Guid eventId, int maxCapacity, CancellationToken cancellationToken) =>
        RefuseOverVenueAsync(work, new LockedEvent("", maxCapacity), tenantId, eventId, except: null, capacity: 0, cancellationToken);

    /// <summary>Gives a copy the sections of its original, with counters of their own.</summary>
    internal static async Task CopyAsync(TenantWork work, Guid tenantId, Guid from, Guid to, CancellationToken cancellationToken)
    {
        var sections = await ListAsync(work, from, after: null, NewSection.MaxCapacity, cancellationToken);
        var ids = sections.Select(_ => Guid.CreateVersion7()).Order().ToArray();   // their order is the ids'
        await work.ExecuteAsync("""
            insert into events.sections (tenant_id, id, event_id, name, code, capacity)
            select @tenantId, copied.id, @to, s.name, s.code, s.capacity
              from unnest(@originals, @ids) as copied (original, id) join events.sections s on s.tenant_id = @tenantId and s.id = copied.original;
            select tickets.set_section_capacity(@tenantId, s.id, s.capacity) from events.sections s where s.tenant_id = @tenantId and s.event_id = @to
            """, new { tenantId, to, originals = sections.Select(section => section.Id).ToArray(), ids }, cancellationToken);
    }

    /// <summary>Keeps the Ticket Service's counter of the section in step, in the same transaction.</summary>
    internal static Task SetStockAsync(TenantWork work, Guid tenantId, Guid id, int capacity, CancellationToken cancellationToken) =>
        work.ExecuteAsync("select tickets.set_section_capacity(@tenantId, @id, @capacity)", new { tenantId, id, capacity }, cancellationToken);
}
