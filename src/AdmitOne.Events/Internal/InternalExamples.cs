using AdmitOne.Contracts;
using AdmitOne.Events.Events;

namespace AdmitOne.Events.Internal;

internal static class InternalExamples
{
    private static readonly EventBody s_event = EventExamples.OnSale;

    public static readonly EventFacts Facts = new()
    {
        Id = s_event.Id,
        TenantId = s_event.TenantId,
        Slug = s_event.Slug,
        Name = s_event.Name,
        Status = "on_sale",
        SalesOpen = true,
        Visibility = "public",
        VenueId = s_event.VenueId,
        VenueName = s_event.Venue.Name,
        TimeZone = s_event.TimeZone,
        DoorsAt = s_event.DoorsAt,
        StartsAt = s_event.StartsAt,
        EndsAt = s_event.EndsAt,
        SalesStartAt = s_event.SalesStartAt,
        SalesEndAt = s_event.SalesEndAt,
        CheckInFrom = s_event.CheckInFrom,
        CheckInUntil = s_event.CheckInUntil,
        RefundPolicy = s_event.RefundPolicy,
        TransferPolicy = s_event.TransferPolicy,
        CodePolicy = "static",
        ReEntry = s_event.ReEntry,
        Version = s_event.Version,
        Sections = [new SectionFacts(new Guid("0199a1b2-7c00-7000-8000-000000000002"), "Main floor", "MAIN-FLOOR", 800)],
    };
}
