using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Tickets.Administration;

/// <summary>A new organiser.</summary>
public sealed record TenantBody
{
    /// <summary>Its name in addresses: lower-case letters, digits and hyphens.</summary>
    [StringLength(60, MinimumLength = 1), RegularExpression("[a-z0-9](-?[a-z0-9])*", MatchTimeoutInMilliseconds = -1)]
    public required string Slug { get; init; }

    /// <summary>As its visitors read it.</summary>
    [PlainText(200)]
    public required string Name { get; init; }

    /// <summary>Every rate limit of its people times this.</summary>
    [Range(0.01, 1000)]
    public double LimitMultiplier { get; init; } = 1;
}

/// <summary>How many calls an organiser's people may make.</summary>
public sealed record TenantLimits
{
    /// <summary>Every rate limit of its people times this.</summary>
    [Range(0.01, 1000)]
    public required double LimitMultiplier { get; init; }
}

/// <summary>An organiser as the platform sees it.</summary>
/// <param name="Status"><c>active</c>, <c>suspended</c>, or <c>deleting</c>: its rows are being removed.</param>
public sealed record TenantAnswer(Guid Id, string Slug, string Name, string Status, double LimitMultiplier, DateTimeOffset CreatedAt);

internal sealed class TenantRow
{
    public const string Columns = "id, slug, name, status, limit_multiplier, created_at";

    public Guid Id { get; init; }
    public string Slug { get; init; } = "";
    public string Name { get; init; } = "";
    public string Status { get; init; } = "";
    public decimal LimitMultiplier { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    public TenantAnswer Answer() => new(Id, Slug, Name, Status, (double)LimitMultiplier, CreatedAt);
}

internal static class TenantProblems
{
    public static readonly Refusal NoTenant = PlatformProblems.NotFound.With("There is no such tenant.");

    /// <summary>Tenants are active, suspended, or being deleted; only a suspended one can be deleted, and what is being deleted stays so.</summary>
    public static readonly ProblemType NotAllowed = new("edit_not_allowed", StatusCodes.Status409Conflict, "It cannot be changed like that any more")
    {
        Like = "It is active; suspend it first.",
    };
}

internal static class TenantExamples
{
    public static readonly TenantBody New = new() { Slug = "riverside", Name = "Riverside Hall" };
    public static readonly TenantLimits Limits = new() { LimitMultiplier = 2.5 };
    public static readonly TenantAnswer Kept = new(Guid.Parse("0199a1b2-7c00-7000-8000-0000000000f1"), New.Slug, New.Name, "active", 1, new DateTimeOffset(2026, 11, 22, 19, 30, 0, TimeSpan.Zero));
}
