using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>Who holds a ticket for another date or another place than they bought may have their whole amount back, for two days.</summary>
internal static class RefundWindow
{
    /// <summary>How long holders may have everything back after their event got another date or place.</summary>
    public const int Hours = 48;

    /// <summary>
    /// Opens it when tickets are out and the venue is another, or the start has moved by more than an hour from the one that their holders
    /// were promised: several small moves in one direction count together.
    /// </summary>
    /// <returns>When it ends; null if this edit has not opened it.</returns>
    public static async Task<DateTimeOffset?> OpenAfterAsync(TenantWork work, EventBody before, EventBody after, EventSales sales, CancellationToken cancellationToken)
    {
        var otherVenue = before.VenueId != after.VenueId;
        if (!sales.HaveBegun || (before.StartsAt == after.StartsAt && !otherVenue)) return null;
        return await work.FindAsync<DateTimeOffset?>("""
            update events.events e
               set refund_window_until = case when far.moved then clock_timestamp() + make_interval(hours => @Hours) else e.refund_window_until end,
                   promised_starts_at = case when far.moved then null else nullif(coalesce(e.promised_starts_at, @was), e.starts_at) end
              from (select @otherVenue or abs(extract(epoch from starts_at - coalesce(promised_starts_at, @was))) > 3600 as moved
                      from events.events where tenant_id = @TenantId and id = @Id) far
             where e.tenant_id = @TenantId and e.id = @Id
            returning case when far.moved then e.refund_window_until end
            """, new { before.TenantId, before.Id, was = before.StartsAt, otherVenue, Hours }, cancellationToken);
    }
}
