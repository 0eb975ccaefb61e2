using System.Text.Json.Serialization;
using AdmitOne.Contracts;
using AdmitOne.Events.Lifecycle;

namespace AdmitOne.Events.Events;

/// <summary>An event as the API answers it. Instants are in UTC.</summary>
public sealed record EventBody
{
    public required Guid Id { get; init; }
    public required Guid TenantId { get; init; }
    public required Organizer Organizer { get; init; }
    public required string Slug { get; init; }
    public required string Name { get; init; }

    /// <summary>Markdown, as it was written: escape it before showing it.</summary>
    public required string Description { get; init; }
    public required string? CategorySlug { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required Guid VenueId { get; init; }
    public required EventVenue Venue { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset EndsAt { get; init; }
    public required DateTimeOffset DoorsAt { get; init; }

    /// <summary>An IANA name, such as <c>Europe/Berlin</c>.</summary>
    public required string TimeZone { get; init; }
    public required DateTimeOffset SalesStartAt { get; init; }
    public required DateTimeOffset SalesEndAt { get; init; }

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string StartsAtLocal => WallTime.Text(TimeZone, StartsAt);

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string EndsAtLocal => WallTime.Text(TimeZone, EndsAt);

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string DoorsAtLocal => WallTime.Text(TimeZone, DoorsAt);

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string SalesStartAtLocal => WallTime.Text(TimeZone, SalesStartAt);

    /// <summary>What the clocks there show, with their distance to UTC.</summary>
    public string SalesEndAtLocal => WallTime.Text(TimeZone, SalesEndAt);
    public required Visibility Visibility { get; init; }
    public required int? AgeRestriction { get; init; }
    public required string? ImageUrl { get; init; }
    public required RefundPolicy RefundPolicy { get; init; }

    /// <summary>Until then a ticket holder may have the whole amount back, because the date or the place has changed; null if there is no such time.</summary>
    public DateTimeOffset? RefundWindowUntil { get; init; }
    public required TransferPolicy TransferPolicy { get; init; }
    public required CodePolicy CodePolicy { get; init; }
    public required BuyerPolicy BuyerPolicy { get; init; }
    public required bool ReEntry { get; init; }
    public required DateTimeOffset CheckInFrom { get; init; }
    public required DateTimeOffset CheckInUntil { get; init; }
    public required EventStatus Status { get; init; }

    /// <summary>Grows with each change; the ETag says the same.</summary>
    public required int Version { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>In the answer to an edit that moved the start: which times of its ticket types moved along, by as much wall time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MovedTime>? MovedTicketTypeTimes { get; init; }

    /// <summary>How well it matches the words of a search; no part of the answer.</summary>
    [JsonIgnore]
    public double Rank { get; init; }
}

/// <summary>Who puts an event on.</summary>
public sealed record Organizer(string Slug, string Name);

/// <summary>The place as its service described it when it was last asked.</summary>
public sealed record EventVenue(Guid Id, string Name, string? Address);

/// <summary>Public is listed, unlisted is shown to whoever has the address, private to the organiser's managers.</summary>
public enum Visibility { Public, Unlisted, Private }

public enum CodePolicy { Static, Rotating }

/// <summary>Anyone may buy without a sign-in, account asks for one, verified_email for one whose address is verified.</summary>
public enum BuyerPolicy { Anyone, Account, VerifiedEmail }
