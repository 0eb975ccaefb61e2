using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Pricing;

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
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>On the first row, if the hold's price is more than price times quantity: its bill as JSON.</summary>
    public string? Priced { get; init; }
}

/// <summary>Reads holds for those who must know their event before they can enter its lane. What it says may be old by then; the lane decides.</summary>
public static class HoldRows
{
    private const string Columns = """
        r.hold_id, r.event_id, r.ticket_type_id, r.user_id, r.quantity, r.unit_price_minor, r.currency, r.expires_at, r.priced::text as priced, r.created_at,
        case when r.status = 'held' and r.expires_at <= clock_timestamp() then 'expired' else r.status end as status
        """;

    public static Task<IReadOnlyList<HoldRow>> ReadAsync(ITenantReader reader, Guid holdId, CancellationToken cancellationToken) => reader.QueryAsync<HoldRow>(
        $"select {Columns} from tickets.reservations r where r.id between @holdId and @last and r.hold_id = @holdId order by r.id",
        new { holdId, last = HoldIds.LastRow(holdId) }, cancellationToken);

    /// <summary>The rows of a customer's open holds, the newest hold first.</summary>
    /// <param name="whose">Of one event, unless that is null.</param>
    /// <param name="after">The hold after which the list goes on.</param>
    internal static Task<IReadOnlyList<HoldRow>> ReadOpenAsync(
        ITenantReader reader, (Guid UserId, Guid? EventId) whose, NewestFirst? after, int limit, CancellationToken cancellationToken) => reader.QueryAsync<HoldRow>($"""
        with open as (
            select f.id, f.created_at from tickets.reservations f
             where f.user_id = @UserId and f.id = f.hold_id and f.status = 'held' and f.expires_at > statement_timestamp() and f.created_at > statement_timestamp() - interval '3 days'
               {Where.And(whose.EventId is not null, "f.event_id = @EventId")}{Where.And(after is not null, "(f.created_at, f.id) < (@At, @Id)")}
             order by f.created_at desc, f.id desc limit @limit)
        select {Columns} from open o join tickets.reservations r on r.user_id = @UserId and r.hold_id = o.id and r.created_at >= o.created_at
         order by o.created_at desc, o.id desc, r.id
        """, new { whose.UserId, whose.EventId, after?.At, after?.Id, limit }, cancellationToken);

    /// <param name="rows">All of one hold.</param>
    internal static Reservation Answer(IReadOnlyList<HoldRow> rows)
    {
        var hold = new HoldMade(rows[0].HoldId, rows[0].EventId, rows[0].ExpiresAt, [.. rows.Select(r => new HeldItem(r.TicketTypeId, r.Quantity, r.UnitPriceMinor))], rows[0].Currency)
        {
            Priced = Priced.Read(rows[0].Priced),
        };
        return Reservation.Of(hold, rows[0].Status);
    }
}
