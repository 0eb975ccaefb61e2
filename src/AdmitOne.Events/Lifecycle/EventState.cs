using AdmitOne.Events.Events;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Lifecycle;

/// <summary>All that decides where an event may go, read under its row's lock.</summary>
internal sealed class EventState
{
    public Guid Id { get; init; }
    public string Word { get; init; } = "";
    public string Slug { get; init; } = "";
    public string Name { get; init; } = "";
    public Guid VenueId { get; init; }
    public string VenueName { get; init; } = "";
    public string TimeZone { get; init; } = "";
    public DateTimeOffset DoorsAt { get; init; }
    public DateTimeOffset StartsAt { get; init; }
    public DateTimeOffset EndsAt { get; init; }
    public DateTimeOffset SalesStartAt { get; init; }

    /// <summary>When it last became published; null if it never was.</summary>
    public DateTimeOffset? PublishedAt { get; init; }

    /// <summary>When a manager called it sold out, if it was a manager; null if the last ticket did.</summary>
    public DateTimeOffset? SoldOutByHandAt { get; init; }

    /// <summary>What the clock last found missing for the move that is due.</summary>
    public string? HeldUpBy { get; init; }
    public int Sections { get; init; }
    public int Types { get; init; }

    /// <summary>Places that nobody has bought; what is held counts as left.</summary>
    public int Left { get; init; }
    public int Sold { get; init; }

    /// <summary>The database's clock, read after the lock was had.</summary>
    public DateTimeOffset Now { get; init; }

    public EventStatus Status => EventStatuses.Read(Word);

    /// <summary>
    /// Locks an event of the tenant until the transaction ends, and reads it in a statement of its own, which sees what the last holder of the
    /// lock committed. Ticket types may still be added (their foreign key passes).
    /// </summary>
    /// <param name="wait">False: an event that somebody else has locked is not there.</param>
    public static async Task<EventState?> LockAsync(TenantWork work, Guid id, bool wait, CancellationToken cancellationToken) =>
        await EventRows.LockOwnAsync(work, work.TenantId, id, cancellationToken, wait)
            ? await ReadAsync(work, id, cancellationToken)
            : null;

    public static Task<EventState?> ReadAsync(TenantWork work, Guid id, CancellationToken cancellationToken) => work.FindAsync<EventState>("""
        select e.id, e.status as word, e.slug, e.name, e.venue_id, e.venue_name, e.time_zone, e.doors_at, e.starts_at, e.ends_at, e.sales_start_at, e.held_up_by,
               (select max(t.at) from events.event_transitions t where t.tenant_id = e.tenant_id and t.event_id = e.id and t.to_status = 'published') as published_at,
               (select case when t.by_service is null then t.at end from events.event_transitions t
                 where t.tenant_id = e.tenant_id and t.event_id = e.id and t.to_status = 'sold_out' order by t.at desc, t.id desc limit 1) as sold_out_by_hand_at,
               (select count(*)::int from events.sections s where s.tenant_id = e.tenant_id and s.event_id = e.id) as sections,
               stock.types, places."left", places.sold, clock_timestamp() as now
          from events.events e
         cross join lateral tickets.event_stock(e.tenant_id, e.id) stock
         cross join lateral tickets.event_places(e.tenant_id, e.id) places
         where e.tenant_id = @TenantId and e.id = @id and e.deleted_at is null
        """, new { work.TenantId, id }, cancellationToken);

    /// <summary>What it lacks for a move that the table allows, in words for the organiser; null if it is ready.</summary>
    /// <param name="asOf">When the move is judged: now, or when the clock should have made it.</param>
    public string? Lacks(EventStatus to, DateTimeOffset asOf)
    {
        if (to is EventStatus.Rescheduled && StartsAt <= asOf) return "The event's start (startsAt) has passed: give it its new dates first.";
        if (!Transitions.BeginSelling(Status, to)) return null;
        if (StartsAt <= asOf) return "The event has started already (startsAt), so it cannot go on sale.";
        if (Sections == 0) return "The event has no section yet, so there is nothing to sell: add one to it first.";
        return Types == 0 ? "The event has no ticket type yet, so there is nothing to sell: add one to it first." : null;
    }
}
