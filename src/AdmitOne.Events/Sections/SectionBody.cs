namespace AdmitOne.Events.Sections;

/// <summary>A part of the venue with room for so many people.</summary>
public sealed record SectionBody
{
    public required Guid Id { get; init; }
    public required Guid EventId { get; init; }
    public required string Name { get; init; }

    /// <summary>Short, and unique within the event.</summary>
    public required string Code { get; init; }
    public required int Capacity { get; init; }

    /// <summary>Grows with each change. In quotes it is the entity tag that If-Match asks for.</summary>
    public required int Version { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
