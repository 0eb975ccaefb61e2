using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>Where an organiser wants to be told what happens.</summary>
public sealed record WebhookEndpointBody
{
    /// <summary>An https address on a public host.</summary>
    [PlainText(2000)]
    public required string Url { get; init; }

    /// <summary>Types of messages (<c>docs/messages.md</c>); all of them if empty.</summary>
    [MaxLength(50), NoNulls]
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>Nothing is sent while it is off; what happened meanwhile since it was made is sent when it is on again.</summary>
    public bool Enabled { get; init; } = true;
}

/// <summary>An endpoint as its organiser sees it.</summary>
/// <param name="Secret">What its webhooks are signed with (<c>whsec_</c> and base64); shown once, when it is made or rotated.</param>
/// <param name="DisabledBecause">Why it is off, if nobody turned it off.</param>
public sealed record WebhookEndpoint(Guid Id, string Url, IReadOnlyList<string> Types, bool Enabled, string? DisabledBecause, int Version, DateTimeOffset CreatedAt, string? Secret = null);

/// <summary>One message on its way to one endpoint.</summary>
/// <param name="Status"><c>waiting</c>, <c>delivered</c> or <c>dead</c>: given up after three days.</param>
/// <param name="LastStatus">What the endpoint answered last; null if it did not answer.</param>
public sealed record WebhookDelivery(
    Guid Id, Guid MessageId, long Sequence, string Type, string Status, int Attempts, int? LastStatus, string? LastFault, DateTimeOffset? NextAttemptAt, DateTimeOffset CreatedAt);

internal sealed class EndpointRow
{
    public const string Columns = "id, url, types, enabled, disabled_because, version, created_at";

    public Guid Id { get; init; }
    public string Url { get; init; } = "";
    public string[] Types { get; init; } = [];
    public bool Enabled { get; init; }
    public string? DisabledBecause { get; init; }
    public int Version { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    public static Task<EndpointRow?> FindAsync(TenantWork work, Guid id, CancellationToken cancellationToken) =>
        work.FindAsync<EndpointRow>($"select {Columns} from tickets.webhook_endpoints where id = @id", new { id }, cancellationToken);

    public WebhookEndpointBody Body() => new() { Url = Url, Types = Types, Enabled = Enabled };

    public WebhookEndpoint Answer(string? secret = null) => new(Id, Url, Types, Enabled, DisabledBecause, Version, CreatedAt, secret);
}

internal static class WebhookProblems
{
    public static readonly Refusal NoEndpoint = PlatformProblems.NotFound.With("There is no such webhook endpoint.");
    public static readonly Refusal NoDelivery = PlatformProblems.NotFound.With("There is no such delivery.");
}

internal static class WebhookExamples
{
    public static readonly WebhookEndpointBody New = new() { Url = "https://hooks.riverside.example/admitone", Types = ["order.paid", "ticket.refunded"] };
    public static readonly WebhookEndpoint Kept = new(Guid.Parse("0199a1b2-7c00-7000-8000-0000000000c1"), New.Url, New.Types, Enabled: true, DisabledBecause: null, Version: 1,
        new DateTimeOffset(2026, 11, 22, 19, 30, 0, TimeSpan.Zero));
    public static readonly WebhookEndpoint Made = Kept with { Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
    public static readonly WebhookDelivery Delivery = new(Guid.Parse("0199a1b2-7c00-7000-8000-0000000000d1"), Guid.Parse("0199a1b2-7c00-7000-8000-0000000000e1"), 42, "order.paid", "waiting", 2, 503,
        "It answered 503.", new DateTimeOffset(2026, 11, 22, 19, 35, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 22, 19, 30, 0, TimeSpan.Zero));
}
