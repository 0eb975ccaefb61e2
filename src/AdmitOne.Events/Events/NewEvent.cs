using System.ComponentModel.DataAnnotations;
using AdmitOne.Contracts;
using AdmitOne.Platform.Http;

namespace AdmitOne.Events.Events;

/// <summary>What a manager says of a new event. What may be left out may also be null.</summary>
public sealed record NewEvent
{
    [PlainText(200)]
    public required string Name { get; init => field = value.Trim(); }

    /// <summary>Its name in addresses, unique among the organiser's events; made from the name if absent. Kept in lower case.</summary>
    [Slug]
    public string? Slug { get; init => field = value is null ? null : Events.Slug.Normalize(value.Trim()); }

    /// <summary>Markdown.</summary>
    [PlainText(10_000, ManyLines = true)]
    public string? Description { get; init => field = value?.ReplaceLineEndings("\n"); }

    /// <summary>One of <c>GET /api/v1/categories</c>.</summary>
    [PlainText(60)]
    public string? CategorySlug { get; init; }

    /// <summary>At most 20, each at most 50 characters.</summary>
    [Tags]
    public IReadOnlyList<string>? Tags { get; init => field = value?.Select(tag => tag?.Trim()!).Distinct(StringComparer.OrdinalIgnoreCase).ToArray(); }

    public required Guid VenueId { get; init; }

    [EventInstant]
    public required DateTimeOffset StartsAt { get; init; }

    [EventInstant]
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>At the start, unless said otherwise.</summary>
    [EventInstant]
    public DateTimeOffset? DoorsAt { get; init; }

    /// <summary>An IANA name, such as <c>Europe/Berlin</c>.</summary>
    [TimeZoneName]
    public required string TimeZone { get; init; }

    /// <summary>Now, unless said otherwise.</summary>
    [EventInstant]
    public DateTimeOffset? SalesStartAt { get; init; }

    /// <summary>At the start, unless said otherwise.</summary>
    [EventInstant]
    public DateTimeOffset? SalesEndAt { get; init; }

    [RegularExpression("^(public|unlisted|private)$", MatchTimeoutInMilliseconds = -1,
        ErrorMessage = "Must be public, unlisted or private.")]
    public string? Visibility { get; init; }

    [Range(0, 99)]
    public int? AgeRestriction { get; init; }

    /// <summary>https, on a public host.</summary>
    [PublicAddress]
    public string? ImageUrl { get; init; }

    public RefundPolicy? RefundPolicy { get; init; }

    public TransferPolicy? TransferPolicy { get; init; }

    /// <summary>static codes can be printed, rotating ones are shown by the holder's phone and change every 30 seconds.</summary>
    [RegularExpression("^(static|rotating)$", MatchTimeoutInMilliseconds = -1, ErrorMessage = "Must be static or rotating.")]
    public string? CodePolicy { get; init; }

    /// <summary>Who may buy: anyone, also without a sign-in; account, a person who has signed in; verified_email, a person who has signed in with a verified address.</summary>
    [RegularExpression("^(anyone|account|verified_email)$", MatchTimeoutInMilliseconds = -1, ErrorMessage = "Must be anyone, account or verified_email.")]
    public string? BuyerPolicy { get; init; }

    /// <summary>Whoever left may come in again.</summary>
    public bool? ReEntry { get; init; }

    /// <summary>Four hours before the doors, unless said otherwise.</summary>
    [EventInstant]
    public DateTimeOffset? CheckInFrom { get; init; }

    /// <summary>At the end, unless said otherwise.</summary>
    [EventInstant]
    public DateTimeOffset? CheckInUntil { get; init; }
}

/// <summary>An instant that a calendar of events can hold; the far ends of PostgreSQL's range mean infinity.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EventInstantAttribute() : ValidationAttribute("Must lie between the years 2000 and 2199.")
{
    public override bool IsValid(object? value) => value is not DateTimeOffset instant || instant.UtcDateTime.Year is >= 2000 and < 2200;
}

/// <summary>At most 20 tags of at most 50 characters.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TagsAttribute : ValidationAttribute
{
    private const int MaxCount = 20;

    private static readonly PlainTextAttribute s_tag = new(50);

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        if (value is not IReadOnlyList<string?> tags) return ValidationResult.Success;
        if (tags.Count > MaxCount) return new ValidationResult($"At most {MaxCount} tags.");
        for (var i = 0; i < tags.Count; i++)
        {
            if ((tags[i] is { } tag ? s_tag.Fault(tag) : "Must not be null.") is { } fault) return new ValidationResult($"Tag {i + 1}: {fault}");
        }
        return ValidationResult.Success;
    }
}
