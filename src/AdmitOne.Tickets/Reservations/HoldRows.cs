using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Inventory;

namespace AdmitOne.Tickets.Reservations;

/// <summary>A row of a hold as it stands, whoever asks.</summary>
public sealed class HoldRow
{
    public Guid HoldId { get; init; }
    public Guid EventId { get; init; }
    public Guid TicketTypeId { get; init; }
    public Guid UserId { get; init; }
    public int Quantity { get; init; }
    public long UnitPriceMinor { get; init; }
    public string Currency { get; init; } = "";

    /// <summary>By the clock: held and past its time is expired.</summary>
    public string Status { get; init; } = "";
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>On the first row, if the hold's price is more than price times quantity: its bill as JSON.</summary>
    public string? Priced { get; init; }
}

/// <summary>Reads holds for those who must know their event before they can enter its lane. What it says may be old by then; the lane decides.</summary>
public static class HoldRows
{
    public static Task<IReadOnlyList<HoldRow>> ReadAsync(ITenantReader reader, Guid holdId, CancellationToken cancellationToken) => reader.QueryAsync<HoldRow>("""
        select hold_id, event_id, ticket_type_id, user_id, quantity, unit_price_minor, currency, expires_at, priced::text as priced,
               case when status = 'held' and expires_at <= clock_timestamp() then 'expired' else status end as status
          from tickets.reservations where id between @holdId and @last and hold_id = @holdId order by id
        """, new { holdId, last = HoldIds.LastRow(holdId) }, cancellationToken);
}
