using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>A time of a ticket type that moved with its event.</summary>
/// <param name="Pointer">Where the ticket type has it, such as <c>/salesEndAt</c> or <c>/priceRules/0/until</c>.</param>
public sealed record MovedTime(Guid TicketTypeId, string TicketType, string Pointer, DateTimeOffset From, DateTimeOffset To);

/// <summary>
/// The sale windows of an event's ticket types and the time limits of their price rules. They belong to the Ticket Service, which lets this
/// service move them by two narrow functions: the next sale must see the event's date and these together.
/// </summary>
internal static class TicketTypeTimes
{
    private const string SalesStart = "salesStartAt", SalesEnd = "salesEndAt";

    /// <summary>
    /// The event's start moves: the times move by as much wall time. The caller holds the event's gate, so that no sale and no edit of a type
    /// is under way.
    /// </summary>
    public static async Task<IReadOnlyList<MovedTime>> MoveAlongAsync(
        TenantWork work, Actor actor, Guid eventId, WallMove move, CancellationToken cancellationToken)
    {
        if (move.From == move.To) return [];
        var times = await work.QueryAsync<Time>(
            "select ticket_type_id, name, place, at from tickets.times_of_types(@eventId)", new { eventId }, cancellationToken);
        var moved = times.GroupBy(time => time.TicketTypeId).SelectMany(type => Move([.. type], move)).ToArray();
        if (moved.Length == 0) return moved;
        await work.FindAsync<int>("select tickets.move_types(@eventId, @types, @places, @times)", new
        {
            eventId,
            types = Array.ConvertAll(moved, time => time.TicketTypeId),
            places = Array.ConvertAll(moved, time => time.Pointer[1..]),
            times = Array.ConvertAll(moved, time => time.To.UtcDateTime),
        }, cancellationToken);
        foreach (var type in moved.GroupBy(time => time.TicketTypeId))
        {
            var before = type.ToDictionary(time => time.Pointer, time => time.From);
            var after = type.ToDictionary(time => time.Pointer, time => time.To);
            await work.AuditAsync(actor, new AuditEntry("ticket_type.change", "ticket_type", type.Key, before, after), cancellationToken);
        }
        return moved;
    }

    private static IEnumerable<MovedTime> Move(IReadOnlyList<Time> times, WallMove move)
    {
        var start = times.FirstOrDefault(time => time.Place == SalesStart);
        foreach (var time in times)
        {
            var to = time.Place == SalesEnd && start is not null ? move.Of(start.At, time.At).End : move.Of(time.At);
            yield return new MovedTime(time.TicketTypeId, time.Name, "/" + time.Place, time.At, to);
        }
    }

    private sealed class Time
    {
        public Guid TicketTypeId { get; init; }
        public string Name { get; init; } = "";
        public string Place { get; init; } = "";
        public DateTimeOffset At { get; init; }
    }
}
