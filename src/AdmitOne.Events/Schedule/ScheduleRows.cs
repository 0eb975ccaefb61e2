using AdmitOne.Events.Events;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Events.Schedule;

/// <summary>How schedule entries are read, and what keeps them within their event. Whoever writes one has locked the event's row.</summary>
public static class ScheduleRows
{
    /// <summary>Of one event.</summary>
    public const int MaxEntries = 500;

    private const string Entries = """
        select s.id, s.event_id, s.name, s.doors_at, s.starts_at, s.ends_at, e.time_zone, s.version, s.created_at, s.updated_at
          from events.schedule_entries s join events.events e on e.tenant_id = s.tenant_id and e.id = s.event_id
         where s.tenant_id = current_setting('app.tenant_id')::uuid
        """;

    /// <summary>Entries of one event, soonest first; the transaction acts as the event's tenant.</summary>
    public static Task<IReadOnlyList<ScheduleEntry>> ListAsync(
        TenantWork work, Guid eventId, (DateTimeOffset StartsAt, Guid Id)? after, int limit, CancellationToken cancellationToken) =>
        work.QueryAsync<ScheduleEntry>($"""
            {Entries} and s.event_id = @eventId {(after is null ? "" : "and (s.starts_at, s.id) > (@StartsAt, @Id)")} order by s.starts_at, s.id limit @limit
            """, new { eventId, after?.StartsAt, after?.Id, limit }, cancellationToken);

    /// <summary>The event's start has moved: its entries move by as much wall time.</summary>
    /// <returns>A refusal if one of them now lies outside the event.</returns>
    internal static async Task<Refusal?> MoveAlongAsync(TenantWork work, Guid tenantId, Guid eventId, WallMove move, CancellationToken cancellationToken)
    {
        if (move.From != move.To)
        {
            var entries = await ListAsync(work, eventId, after: null, MaxEntries, cancellationToken);
            await work.ExecuteAsync("""
                update events.schedule_entries s
                   set doors_at = moved.doors_at, starts_at = moved.starts_at, ends_at = moved.ends_at, version = s.version + 1, updated_at = clock_timestamp()
                  from unnest(@ids, @doors, @starts, @ends) as moved (id, doors_at, starts_at, ends_at)
                 where s.tenant_id = @tenantId and s.id = moved.id
                """, Moved(entries, move, tenantId), cancellationToken);
        }
        return await FindOutsideAsync(work, eventId, only: null, cancellationToken) is { } outside
            ? PlatformProblems.Invalid("/endsAt", $"The schedule entry of {outside} would lie outside the event; move or remove it first.")
            : null;
    }

    /// <summary>Gives a copy the entries of its original, moved as it is.</summary>
    internal static async Task CopyAsync(TenantWork work, Guid tenantId, Guid from, Guid to, WallMove move, CancellationToken cancellationToken)
    {
        var entries = await ListAsync(work, from, after: null, MaxEntries, cancellationToken);
        var rows = Moved(entries, move, tenantId);
        rows.Add("to", to);
        rows.Add("names", entries.Select(entry => entry.Name).ToArray());
        rows.Add("copies", entries.Select(_ => Guid.CreateVersion7()).ToArray());
        await work.ExecuteAsync("""
            insert into events.schedule_entries (tenant_id, id, event_id, name, doors_at, starts_at, ends_at)
            select @tenantId, id, @to, name, doors_at, starts_at, ends_at
              from unnest(@copies, @names, @doors, @starts, @ends) as copied (id, name, doors_at, starts_at, ends_at)
            """, rows, cancellationToken);
    }

    /// <summary>Looks in a statement of its own, after the write, at what is there now.</summary>
    /// <param name="only">One entry; null for all of the event.</param>
    /// <returns>The start of the first entry that lies outside its event, as its clocks show it; null if there is none.</returns>
    internal static async Task<string?> FindOutsideAsync(TenantWork work, Guid eventId, Guid? only, CancellationToken cancellationToken)
    {
        var outside = await work.FindAsync<ScheduleEntry>($"""
            {Entries} and s.event_id = @eventId and (@only::uuid is null or s.id = @only)
               and (s.doors_at < e.doors_at or s.starts_at < e.starts_at or s.ends_at > e.ends_at) order by s.starts_at limit 1
            """, new { eventId, only }, cancellationToken);
        return outside?.StartsAtLocal;
    }

    internal static Task<ScheduleEntry?> FindAsync(TenantWork work, Guid id, CancellationToken cancellationToken) =>
        work.FindAsync<ScheduleEntry>($"{Entries} and s.id = @id and e.deleted_at is null", new { id }, cancellationToken);

    private static Dapper.DynamicParameters Moved(IReadOnlyList<ScheduleEntry> entries, WallMove move, Guid tenantId)
    {
        var spans = entries.Select(entry => move.Of(entry.StartsAt, entry.EndsAt)).ToArray();
        return new(new
        {
            tenantId,
            ids = entries.Select(entry => entry.Id).ToArray(),
            doors = entries.Select((entry, n) => Earlier(move.Of(entry.DoorsAt), spans[n].Start).UtcDateTime).ToArray(),
            starts = Array.ConvertAll(spans, span => span.Start.UtcDateTime),
            ends = Array.ConvertAll(spans, span => span.End.UtcDateTime),
        });
    }

    // Doors open before the start, whatever the clocks do in between.
    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
