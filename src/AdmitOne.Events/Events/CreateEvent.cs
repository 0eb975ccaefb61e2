using AdmitOne.Events.Catalogue;
using AdmitOne.Events.Venues;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Events.Events;

public static class CreateEvent
{
    private const int SlugTries = 20;

    public static void Map(IEndpointRouteBuilder events) =>
        events.MapPost("/", HandleAsync)
            .WithName("CreateEvent").WithSummary("Create a draft")
            .WithDescription("The draft takes the venue's name and capacity as they are now. It is seen by the organiser's managers until it is published.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(EventExamples.New).WithAnswerExample(EventExamples.Draft).WithEntityTag()
            .MayRefuseWith(PlatformProblems.ValidationFailed, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Created<EventBody>, Refusal>> HandleAsync(
        NewEvent asked, Caller caller, Actor actor, Database database, VenuesClient venues, Categories categories, EventMetrics metrics, TimeProvider clock,
        HttpContext context, CancellationToken cancellationToken)
    {
        var times = EventTimes.Of(asked, clock.GetUtcNow());
        if (times.Refuse() is { } broken) return broken;
        if (asked.CategorySlug is { } category && !await categories.ExistsAsync(caller.TenantId, category, cancellationToken))
            return PlatformProblems.Invalid("/categorySlug", "There is no such category; GET /api/v1/categories lists them.");

        Venue? venue;
        try
        {
            venue = await venues.FindAsync(caller.TenantId, asked.VenueId, cancellationToken);
        }
        catch (VenuesAwayException)
        {
            return EventProblems.VenuesAway;
        }
        if (venue is null) return PlatformProblems.Invalid("/venueId", "There is no such venue of yours.");

        EventRow created;
        try
        {
            created = await InsertAsync(database, (caller, actor), asked, times, venue, cancellationToken);
        }
        catch (PostgresException tooLong) when (EventProblems.OfConstraint(tooLong) is { } refusal)
        {
            return refusal;
        }
        metrics.Created();
        context.NeverCache();
        EntityTag.Set(context, created.Version);
        return TypedResults.Created($"/api/v1/events/{created.Id}", created.ToBody());
    }

    private static async Task<EventRow> InsertAsync(
        Database database, (Caller Caller, Actor Actor) by, NewEvent asked, EventTimes times, Venue venue, CancellationToken cancellationToken)
    {
        var caller = by.Caller;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var slug = Slug.Of(await work.FindAsync<string>("select normalize(@Name, NFKD)", new { asked.Name }, cancellationToken) ?? "");
        var id = Guid.CreateVersion7();
        var attempt = 1;
        // The unique index decides; whoever wants the same slug at the same moment waits for this transaction and then tries the next.
        while (await work.ExecuteAsync(InsertSql, Row(id, Slug.Candidate(slug, attempt), caller.TenantId, asked, times, venue), cancellationToken) == 0)
        {
            if (++attempt > SlugTries) throw new InvalidOperationException($"No free slug for an event after {SlugTries} attempts.");
        }
        var row = (await EventRows.FindOwnAsync(work, caller.TenantId, id, cancellationToken))!;
        await work.TellAsync("event.created", id, new { row.Slug, row.Name, row.Status, row.StartsAt }, cancellationToken);
        await work.AuditAsync(by.Actor, new AuditEntry("event.create", "event", id, Before: null, row.ToBody()), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return row;
    }

    private const string InsertSql = """
        insert into events.events (
            tenant_id, id, slug, name, description, category_slug, tags, venue_id, venue_name, venue_max_capacity, time_zone,
            doors_at, starts_at, ends_at, sales_start_at, sales_end_at, check_in_from, check_in_until, visibility, age_restriction, image_url,
            refund_until_hours_before, refund_fee_percent, transfer_allowed, transfer_until_hours_before, code_policy, re_entry, status)
        select @tenantId, @id, @slug, t.name, t.description, @CategorySlug, t.tags, @VenueId, @venueName, @venueMaxCapacity, @timeZone,
               @DoorsAt, @StartsAt, @EndsAt, @SalesStartAt, @SalesEndAt, @CheckInFrom, @CheckInUntil, @visibility, @AgeRestriction, @ImageUrl,
               @refundUntilHoursBefore, @refundFeePercent, @transferAllowed, @transferUntilHoursBefore, 'static', @reEntry, 'draft'
          from (select normalize(@Name, NFC) as name, normalize(@description, NFC) as description,
                       array(select normalize(tag, NFC) from unnest(@tags) with ordinality as given (tag, place) order by place) as tags) t
        on conflict (tenant_id, slug) where deleted_at is null do nothing
        """;

    private static object Row(Guid id, string slug, Guid tenantId, NewEvent asked, EventTimes times, Venue venue)
    {
        var refunds = asked.RefundPolicy ?? new();
        var transfers = asked.TransferPolicy ?? new();
        return new
        {
            tenantId,
            id,
            slug,
            asked.Name,
            description = asked.Description ?? "",
            asked.CategorySlug,
            tags = asked.Tags?.ToArray() ?? [],
            asked.VenueId,
            venueName = venue.Name,
            venueMaxCapacity = venue.MaxCapacity,
            timeZone = TimeZones.Find(asked.TimeZone),
            times.DoorsAt,
            times.StartsAt,
            times.EndsAt,
            times.SalesStartAt,
            times.SalesEndAt,
            times.CheckInFrom,
            times.CheckInUntil,
            visibility = asked.Visibility ?? "public",
            asked.AgeRestriction,
            asked.ImageUrl,
            refundUntilHoursBefore = refunds.UntilHoursBefore,
            refundFeePercent = refunds.FeePercent,
            transferAllowed = transfers.Allowed,
            transferUntilHoursBefore = transfers.UntilHoursBefore,
            reEntry = asked.ReEntry ?? false,
        };
    }
}
