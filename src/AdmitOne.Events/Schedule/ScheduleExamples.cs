using AdmitOne.Events.Events;

namespace AdmitOne.Events.Schedule;

internal static class ScheduleExamples
{
    public static readonly NewScheduleEntry New = new()
    {
        Name = "First night",
        DoorsAt = EventExamples.OnSale.DoorsAt,
        StartsAt = EventExamples.OnSale.StartsAt,
        EndsAt = EventExamples.OnSale.EndsAt,
    };

    public static readonly object Patch = new { name = "Opening night" };

    public static readonly ScheduleEntry FirstNight = new()
    {
        Id = new Guid("0199a1b2-7c00-7000-8000-000000000003"),
        EventId = EventExamples.Id,
        Name = New.Name,
        DoorsAt = EventExamples.OnSale.DoorsAt,
        StartsAt = New.StartsAt,
        EndsAt = New.EndsAt,
        TimeZone = EventExamples.OnSale.TimeZone,
        Version = 1,
        CreatedAt = EventExamples.OnSale.CreatedAt,
        UpdatedAt = EventExamples.OnSale.CreatedAt,
    };
}
