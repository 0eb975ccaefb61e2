using AdmitOne.Contracts;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>How the other capabilities read events. What a transaction may see, its tenant and the catalogue's scope decide.</summary>
public static class EventRows
{
    /// <summary>An event of the transaction's tenant, in any state.</summary>
    public static Task<EventRow?> FindOwnAsync(TenantWork work, Guid tenantId, Guid id, CancellationToken cancellationToken) =>
        work.FindAsync<EventRow>(Select("e.tenant_id = @tenantId and e.id = @id"), new { tenantId, id }, cancellationToken);

    /// <summary>Up to <paramref name="limit"/> events, each with its organiser.</summary>
    /// <param name="where">Conditions over <c>events.events e</c>, of constant text; values come as parameters.</param>
    public static Task<IReadOnlyList<EventRow>> ListAsync(TenantWork work, string where, string order, int limit, object parameters, CancellationToken cancellationToken) =>
        work.QueryAsync<EventRow>(Select(where, order, limit), parameters, cancellationToken);

    public static Task<EventRow?> FindAsync(TenantWork work, string where, object parameters, CancellationToken cancellationToken) =>
        work.FindAsync<EventRow>(Select(where), parameters, cancellationToken);

    // Names come after the limit, so that they are looked up for the page and not for all that match.
    private static string Select(string where, string order = "id", int limit = 1) => $"""
        select page.tenant_id, page.id, o.slug as organizer_slug, o.name as organizer_name, page.slug, page.name, description, category_slug, tags,
               venue_id, venue_name, time_zone, doors_at, starts_at, ends_at, sales_start_at, sales_end_at, check_in_from, check_in_until,
               visibility, age_restriction, image_url, refund_until_hours_before, refund_fee_percent, transfer_allowed, transfer_until_hours_before,
               code_policy, re_entry, status, version, created_at, updated_at
          from (select e.* from events.events e where e.deleted_at is null and ({where}) order by {order} limit {limit}) page
         cross join lateral platform.organizers(array[page.tenant_id], null) o
         order by {order}
        """;
}

/// <summary>A row of <c>events.events</c> with its organiser's public names.</summary>
public sealed class EventRow
{
    public Guid TenantId { get; init; }
    public Guid Id { get; init; }
    public string OrganizerSlug { get; init; } = "";
    public string OrganizerName { get; init; } = "";
    public string Slug { get; init; } = "";
    public string Name { get; init; } = "";
    public string Description { get; init; } = "";
    public string? CategorySlug { get; init; }
    public string[] Tags { get; init; } = [];
    public Guid VenueId { get; init; }
    public string VenueName { get; init; } = "";
    public string TimeZone { get; init; } = "";
    public DateTimeOffset DoorsAt { get; init; }
    public DateTimeOffset StartsAt { get; init; }
    public DateTimeOffset EndsAt { get; init; }
    public DateTimeOffset SalesStartAt { get; init; }
    public DateTimeOffset SalesEndAt { get; init; }
    public DateTimeOffset CheckInFrom { get; init; }
    public DateTimeOffset CheckInUntil { get; init; }
    public string Visibility { get; init; } = "";
    public int? AgeRestriction { get; init; }
    public string? ImageUrl { get; init; }
    public int RefundUntilHoursBefore { get; init; }
    public int RefundFeePercent { get; init; }
    public bool TransferAllowed { get; init; }
    public int TransferUntilHoursBefore { get; init; }
    public string CodePolicy { get; init; } = "";
    public bool ReEntry { get; init; }
    public string Status { get; init; } = "";
    public int Version { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public RefundPolicy RefundPolicy => new() { UntilHoursBefore = RefundUntilHoursBefore, FeePercent = RefundFeePercent };

    public TransferPolicy TransferPolicy => new() { Allowed = TransferAllowed, UntilHoursBefore = TransferUntilHoursBefore };

    public EventBody ToBody() => new()
    {
        Id = Id,
        TenantId = TenantId,
        Organizer = new Organizer(OrganizerSlug, OrganizerName),
        Slug = Slug,
        Name = Name,
        Description = Description,
        CategorySlug = CategorySlug,
        Tags = Tags,
        VenueId = VenueId,
        Venue = new EventVenue(VenueId, VenueName),
        StartsAt = StartsAt,
        EndsAt = EndsAt,
        DoorsAt = DoorsAt,
        TimeZone = TimeZone,
        SalesStartAt = SalesStartAt,
        SalesEndAt = SalesEndAt,
        Visibility = Enum.Parse<Visibility>(Visibility, ignoreCase: true),
        AgeRestriction = AgeRestriction,
        ImageUrl = ImageUrl,
        RefundPolicy = RefundPolicy,
        TransferPolicy = TransferPolicy,
        CodePolicy = Enum.Parse<CodePolicy>(CodePolicy, ignoreCase: true),
        ReEntry = ReEntry,
        CheckInFrom = CheckInFrom,
        CheckInUntil = CheckInUntil,
        Status = EventStatuses.Read(Status),
        Version = Version,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
    };
}
