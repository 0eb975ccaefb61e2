using System.Globalization;
using AdmitOne.Contracts;
using AdmitOne.Events.Lifecycle;

namespace AdmitOne.Events.Events;

/// <summary>One event that all examples of the API document tell of.</summary>
internal static class EventExamples
{
    public static readonly Guid Id = new("0199a1b2-7c00-7000-8000-000000000001");

    private static readonly Guid s_venue = new("0199a1b2-7c00-7000-8000-00000000000a");

    public static readonly NewEvent New = new()
    {
        Name = "An Evening by the River",
        Description = "Four bands, one stage, **no seats**.",
        CategorySlug = "music",
        Tags = ["open air", "indie"],
        VenueId = s_venue,
        StartsAt = At("2026-11-22T19:30:00Z"),
        EndsAt = At("2026-11-22T22:30:00Z"),
        DoorsAt = At("2026-11-22T18:30:00Z"),
        TimeZone = "Europe/Amsterdam",
        SalesStartAt = At("2026-10-01T08:00:00Z"),
        Visibility = "public",
        AgeRestriction = 16,
        RefundPolicy = new RefundPolicy { UntilHoursBefore = 48, FeePercent = 5 },
    };

    public static readonly object Patch = new { description = "Four bands, one stage, a few seats.", endsAt = "2026-11-22T23:00:00Z" };

    public static readonly NewCopy Copy = new() { StartsAt = At("2026-11-29T19:30:00Z") };

    public static readonly EventBody OnSale = new()
    {
        Id = Id,
        TenantId = new Guid("0199a1b2-7c00-7000-8000-00000000000b"),
        Organizer = new Organizer("quayside", "Quayside Concerts"),
        Slug = "an-evening-by-the-river",
        Name = New.Name,
        Description = New.Description!,
        CategorySlug = New.CategorySlug,
        Tags = New.Tags!,
        VenueId = s_venue,
        Venue = new EventVenue(s_venue, "The Hall", "1 Quay Street, Rotterdam"),
        StartsAt = New.StartsAt,
        EndsAt = New.EndsAt,
        DoorsAt = New.DoorsAt!.Value,
        TimeZone = New.TimeZone,
        SalesStartAt = New.SalesStartAt!.Value,
        SalesEndAt = New.StartsAt,
        Visibility = Visibility.Public,
        AgeRestriction = New.AgeRestriction,
        ImageUrl = null,
        RefundPolicy = New.RefundPolicy!,
        TransferPolicy = new TransferPolicy { Allowed = true },
        CodePolicy = CodePolicy.Static,
        BuyerPolicy = BuyerPolicy.Anyone,
        ReEntry = false,
        CheckInFrom = New.DoorsAt.Value.AddHours(-4),
        CheckInUntil = New.EndsAt,
        Status = EventStatus.OnSale,
        Version = 3,
        CreatedAt = At("2026-09-01T09:00:00Z"),
        UpdatedAt = At("2026-10-01T08:00:00.25Z"),
    };

    public static readonly EventBody Draft = OnSale with { Status = EventStatus.Draft, Version = 1, UpdatedAt = OnSale.CreatedAt };

    /// <summary>An instant in UTC.</summary>
    public static DateTimeOffset At(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
}
