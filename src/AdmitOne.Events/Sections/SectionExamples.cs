using AdmitOne.Events.Events;

namespace AdmitOne.Events.Sections;

internal static class SectionExamples
{
    public static readonly NewSection New = new() { Name = "Main floor", Capacity = 800 };

    public static readonly object Patch = new { capacity = 900 };

    public static readonly SectionBody Floor = new()
    {
        Id = new Guid("0199a1b2-7c00-7000-8000-000000000002"),
        EventId = EventExamples.Id,
        Name = New.Name,
        Code = SectionCode.Of(New.Name),
        Capacity = New.Capacity,
        Version = 3,
        CreatedAt = EventExamples.OnSale.CreatedAt,
        UpdatedAt = EventExamples.OnSale.CreatedAt,
    };
}
