using AdmitOne.Events.Events;

namespace AdmitOne.Events.Schedule;

/// <summary>One occurrence within an event: an evening of a run, an act of a festival. Instants are in UTC.</summary>
public sealed record ScheduleEntry
{
    public required Guid Id { get; init; }
    public required Guid EventId { get; init; }
    public required string? Name { get; init; }
    public required DateTimeOffset DoorsAt { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The event's.</summary>
    public required string TimeZone { get; init; }

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string DoorsAtLocal => WallTime.Text(TimeZone, DoorsAt);

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string StartsAtLocal => WallTime.Text(TimeZone, StartsAt);

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string EndsAtLocal => WallTime.Text(TimeZone, EndsAt);

    /// <summary>Grows with each change. In quotes it is the entity tag that If-Match asks for.</summary>
    public required int Version { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
