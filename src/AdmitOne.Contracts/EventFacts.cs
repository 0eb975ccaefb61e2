namespace AdmitOne.Contracts;

/// <summary>All that a neighbour needs of an event: <c>GET /internal/events/{id}</c>. Instants are in UTC.</summary>
public sealed record EventFacts
{
    public required Guid Id { get; init; }
    public required Guid TenantId { get; init; }
    public required string Slug { get; init; }
    public required string Name { get; init; }

    /// <summary>A word of the state table, such as <c>on_sale</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The status sells and now lies in the sale window, by the database's clock.</summary>
    public required bool SalesOpen { get; init; }

    /// <summary><c>public</c>, <c>unlisted</c> or <c>private</c>.</summary>
    public required string Visibility { get; init; }
    public required Guid VenueId { get; init; }
    public required string VenueName { get; init; }

    /// <summary>An IANA name, such as <c>Europe/Berlin</c>.</summary>
    public required string TimeZone { get; init; }
    public required DateTimeOffset DoorsAt { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset EndsAt { get; init; }
    public required DateTimeOffset SalesStartAt { get; init; }
    public required DateTimeOffset SalesEndAt { get; init; }
    public required DateTimeOffset CheckInFrom { get; init; }
    public required DateTimeOffset CheckInUntil { get; init; }
    public required RefundPolicy RefundPolicy { get; init; }
    public required TransferPolicy TransferPolicy { get; init; }

    /// <summary><c>static</c> or <c>rotating</c>.</summary>
    public required string CodePolicy { get; init; }
    public required bool ReEntry { get; init; }
    public required int Version { get; init; }
    public required IReadOnlyList<SectionFacts> Sections { get; init; }
}

/// <summary>A section and how many people it takes.</summary>
public sealed record SectionFacts(Guid Id, string Name, string Code, int Capacity);
