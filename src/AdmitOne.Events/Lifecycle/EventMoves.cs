using AdmitOne.Events.Events;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Lifecycle;

/// <summary>Who moves an event: a user, the clock, or what the Ticket Service told.</summary>
internal sealed record Mover(Guid? UserId, string? Service, Actor Actor)
{
    public static readonly Mover Clock = new(null, "system", Actor.OfSystem("clock"));

    public static readonly Mover TicketService = new(null, "ticket-service", new Actor(ActorKind.Service, null, "ticket-service", null, null));

    public static Mover Of(Caller caller, Actor actor) => new(caller.UserId, null, actor);

    /// <summary>As the history and the messages name them.</summary>
    public string Word => Service ?? UserId.ToString()!;
}

/// <summary>How an event is moved, by whomever: its row, its history, its message and its audit, in the transaction that has its row locked.</summary>
internal static class EventMoves
{
    /// <param name="from">Under the lock; the caller has asked the table and what the event lacks.</param>
    /// <exception cref="Npgsql.PostgresException">The reason has grown beyond its bound: <c>event_transitions_reason_length</c>.</exception>
    public static async Task MoveAsync(TenantWork work, EventState from, EventStatus to, Mover by, string? reason, CancellationToken cancellationToken)
    {
        var moved = await work.FindAsync<Moved>("""
            update events.events
               set status = @to, version = version + 1, updated_at = clock_timestamp(), held_up_by = null, clock_looks_at = null,
                   refund_window_until = case when @to = 'rescheduled' then greatest(refund_window_until, clock_timestamp() + make_interval(hours => @Hours)) else refund_window_until end,
                   refund_window_start = case when @to = 'rescheduled' then null else refund_window_start end
             where tenant_id = @TenantId and id = @Id and status = @Word
            returning version, refund_window_until
            """, new { work.TenantId, from.Id, from.Word, to = to.Word(), RefundWindow.Hours }, cancellationToken)
            ?? throw new InvalidOperationException($"Event {from.Id} was moved without its lock.");
        await work.ExecuteAsync("""
            insert into events.event_transitions (tenant_id, id, event_id, from_status, to_status, reason, by_user_id, by_service)
            values (@TenantId, @moveId, @Id, @Word, @to, @reason, @UserId, @Service)
            """, new { work.TenantId, moveId = Guid.CreateVersion7(), from.Id, from.Word, to = to.Word(), reason, by.UserId, by.Service }, cancellationToken);
        await work.TellAsync($"event.{to.Word()}", from.Id, new
        {
            from = from.Word,
            to = to.Word(),
            reason,
            by = by.Word,
            moved.Version,
            from.Slug,
            from.Name,
            from.VenueId,
            from.VenueName,
            from.TimeZone,
            from.DoorsAt,
            from.StartsAt,
            from.EndsAt,
            moved.RefundWindowUntil,
        }, cancellationToken);
        await work.AuditAsync(by.Actor, new AuditEntry("event.move", "event", from.Id, new { status = from.Word }, new { status = to.Word(), reason }), cancellationToken);
    }

    private sealed class Moved
    {
        public int Version { get; init; }
        public DateTimeOffset? RefundWindowUntil { get; init; }
    }
}
