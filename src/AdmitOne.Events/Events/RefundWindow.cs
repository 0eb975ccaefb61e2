using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>Who holds a ticket for another date or another place than they bought may have their whole amount back, for two days.</summary>
internal static class RefundWindow
{
    /// <summary>How long holders may have everything back after their event got another date or place.</summary>
    public const int Hours = 48;

    /// <summary>
    /// Opens it when tickets are out and the venue is another, or the start has moved by more than an hour from the one that their holders
    /// were promised: several small moves in one direction count together. It ends with the event. A window that only a moved date opened closes when the
    /// date is moved back and nobody has been refunded since; the caller has the event's gate, so no refund is decided meanwhile.
    /// </summary>
    /// <returns>When it ends now; null if there is none.</returns>
    public static async Task<DateTimeOffset?> FollowAsync(TenantWork work, EventBody before, EventBody after, EventSales sales, CancellationToken cancellationToken)
    {
        var otherVenue = before.VenueId != after.VenueId;
        if (!sales.HaveBegun || (before.StartsAt == after.StartsAt && !otherVenue)) return after.RefundWindowUntil;
        return await work.FindAsync<DateTimeOffset?>("""
            update events.events e
               set refund_window_until = case when w.closes then null when w.opens then least(clock_timestamp() + make_interval(hours => @Hours), e.ends_at) else e.refund_window_until end,
                   refund_window_from = case when w.closes then null when w.opens and not w.is_open then clock_timestamp() else e.refund_window_from end,
                   refund_window_start = case when w.closes or (w.opens and @otherVenue) then null when w.opens and not w.is_open then w.promised else e.refund_window_start end,
                   promised_starts_at = case when w.closes then nullif(e.refund_window_start, e.starts_at) when w.opens then null else nullif(w.promised, e.starts_at) end
              from (select p.promised, p.is_open,
                           @otherVenue or abs(extract(epoch from p.starts_at - p.promised)) > 3600 as opens,
                           not @otherVenue and p.is_open and abs(extract(epoch from p.starts_at - p.refund_window_start)) <= 3600
                               and not tickets.event_refunded_since(@TenantId, @Id, p.refund_window_from) as closes
                      from (select starts_at, refund_window_start, refund_window_from, coalesce(promised_starts_at, @was) as promised,
                                   coalesce(refund_window_until > clock_timestamp(), false) as is_open
                              from events.events where tenant_id = @TenantId and id = @Id) p) w
             where e.tenant_id = @TenantId and e.id = @Id
            returning e.refund_window_until
            """, new { before.TenantId, before.Id, was = before.StartsAt, otherVenue, Hours }, cancellationToken);
    }
}
