using AdmitOne.Contracts;
using AdmitOne.Events.Venues;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>How an event's text, times and policies are written. Its state is the lifecycle's, its words for the search are the table's own.</summary>
internal static class EventWrites
{
    private const int SlugTries = 20;

    private const string Columns = """
        name, description, category_slug, tags, time_zone, doors_at, starts_at, ends_at, sales_start_at, sales_end_at, check_in_from, check_in_until,
        visibility, age_restriction, image_url, refund_until_hours_before, refund_fee_percent, transfer_allowed, transfer_until_hours_before, code_policy, re_entry, buyer_policy
        """;

    private const string Values = """
        select @Name, @description, @CategorySlug, @tags,
               @timeZone, @DoorsAt, @StartsAt, @EndsAt, @SalesStartAt, @SalesEndAt, @CheckInFrom, @CheckInUntil,
               @visibility, @AgeRestriction, @ImageUrl, @refundHours, @refundFee, @transferAllowed, @transferHours, @codePolicy, @reEntry, @buyerPolicy
        """;

    /// <summary>Inserts a draft and tells of it.</summary>
    /// <exception cref="Npgsql.PostgresException">A text grew beyond its bound: <see cref="EventProblems.OfConstraint"/>.</exception>
    /// <returns>Null if the slug that the organiser chose is another event's.</returns>
    public static async Task<EventBody?> InsertAsync(
        TenantWork work, Guid tenantId, NewEvent asked, EventTimes times, Venue venue, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        if (asked.Slug is { } chosen)
        {
            if (await TryInsertAsync(chosen) == 0) return null;
            return await EventRows.FindOwnAsync(work, tenantId, id, cancellationToken);
        }
        var slug = Slug.Of(await work.FindAsync<string>("select normalize(@Name, NFKD)", new { asked.Name }, cancellationToken) ?? "");
        // The unique index decides; whoever wants the same slug at the same moment waits for this transaction and then tries the next.
        for (var attempt = 1; await TryInsertAsync(Slug.Candidate(slug, attempt)) == 0; attempt++)
        {
            if (attempt == SlugTries) throw new InvalidOperationException($"No free slug for an event after {SlugTries} attempts.");
        }
        return await EventRows.FindOwnAsync(work, tenantId, id, cancellationToken);

        Task<int> TryInsertAsync(string candidate)
        {
            var row = Row(tenantId, id, asked, times);
            row.AddDynamicParams(new { candidate, asked.VenueId, venueName = venue.Name, venueAddress = venue.Address, venueMaxCapacity = venue.MaxCapacity });
            return work.ExecuteAsync($"""
                insert into events.events (tenant_id, id, slug, status, venue_id, venue_name, venue_address, venue_max_capacity, {Columns})
                select @tenantId, @id, @candidate, 'draft', @VenueId, @venueName, @venueAddress, @venueMaxCapacity, given.* from ({Values}) given
                on conflict (tenant_id, slug) where deleted_at is null do nothing
                """, row, cancellationToken);
        }
    }

    /// <summary>Overwrites all that a manager says of an event; the caller has locked its row.</summary>
    /// <param name="venue">As it is known now; null leaves what was known.</param>
    public static async Task UpdateAsync(
        TenantWork work, Guid tenantId, Guid id, NewEvent asked, EventTimes times, Venue? venue, CancellationToken cancellationToken)
    {
        // Whatever held up a move by the clock may be mended now.
        await work.ExecuteAsync($"""
            update events.events set ({Columns}) = ({Values}), slug = coalesce(@Slug, slug), version = version + 1, updated_at = clock_timestamp(), clock_looks_at = null,
                   held_up_by = case when @StartsAt > clock_timestamp() then null else held_up_by end
             where tenant_id = @tenantId and id = @id
            """, Row(tenantId, id, asked, times), cancellationToken);
        if (venue is null) return;
        await work.ExecuteAsync("""
            update events.events set venue_id = @venueId, venue_name = @Name, venue_address = @Address, venue_max_capacity = @MaxCapacity
             where tenant_id = @tenantId and id = @id
            """, new { tenantId, id, venueId = venue.Id, venue.Name, venue.Address, venue.MaxCapacity }, cancellationToken);
    }

    /// <summary>What an event of the tenant knows of its venue.</summary>
    public static async Task<Venue> KnownVenueAsync(TenantWork work, EventBody of, CancellationToken cancellationToken) => new(
        of.Venue.Id, of.TenantId, of.Venue.Name, of.Venue.Address, of.TimeZone,
        await work.FindAsync<int>("select venue_max_capacity from events.events where tenant_id = @TenantId and id = @Id", new { of.TenantId, of.Id }, cancellationToken));

    private static Dapper.DynamicParameters Row(Guid tenantId, Guid id, NewEvent asked, EventTimes times)
    {
        var refunds = asked.RefundPolicy ?? new RefundPolicy();
        var transfers = asked.TransferPolicy ?? new TransferPolicy();
        var row = new Dapper.DynamicParameters(times);
        row.AddDynamicParams(new
        {
            tenantId,
            id,
            asked.Name,
            asked.Slug,
            description = asked.Description ?? "",
            asked.CategorySlug,
            tags = asked.Tags?.ToArray() ?? [],
            timeZone = TimeZones.Find(asked.TimeZone),
            visibility = asked.Visibility ?? "public",
            asked.AgeRestriction,
            asked.ImageUrl,
            refundHours = refunds.UntilHoursBefore,
            refundFee = refunds.FeePercent,
            transferAllowed = transfers.Allowed,
            transferHours = transfers.UntilHoursBefore,
            codePolicy = asked.CodePolicy ?? "static",
            reEntry = asked.ReEntry ?? false,
            buyerPolicy = asked.BuyerPolicy ?? "anyone",
        });
        return row;
    }
}
