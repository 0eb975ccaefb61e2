using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.Devices;

/// <summary>A scanner, as its manager sees it.</summary>
/// <param name="EventId">The only event it scans for; null: any of the organiser's.</param>
/// <param name="Gates">The only gates it stands at; none: all.</param>
/// <param name="Status"><c>pending</c> until it is activated, then <c>active</c>, in the end <c>revoked</c>.</param>
/// <param name="AppVersion">As it said when it was last seen.</param>
/// <param name="LastSeenAt">To half a minute.</param>
public sealed record Device(
    Guid Id, string Name, Guid? EventId, IReadOnlyList<string> Gates, string Status, string? AppVersion, DateTimeOffset CreatedAt, DateTimeOffset? ActivatedAt,
    DateTimeOffset? LastSeenAt, DateTimeOffset? RevokedAt);

/// <summary>A scanner that waits for its one-time code.</summary>
/// <param name="ActivationCode">Shown this once. Typed into the scanner, it gives it a credential of its own.</param>
public sealed record InvitedDevice(
    Guid Id, string Name, Guid? EventId, IReadOnlyList<string> Gates, string Status, string ActivationCode, DateTimeOffset ActivationExpiresAt);

/// <summary>A row of tickets.devices.</summary>
internal sealed class DeviceRow
{
    public const string Select = """
        select id, name, event_id, gates, secret_hash, app_version, created_at, activated_at, last_seen_at, revoked_at from tickets.devices
        """;

    public Guid Id { get; init; }
    public string Name { get; init; } = "";
    public Guid? EventId { get; init; }
    public string[] Gates { get; init; } = [];
    public byte[]? SecretHash { get; init; }
    public string? AppVersion { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }
    public DateTimeOffset? LastSeenAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }

    public static Task<DeviceRow?> FindAsync(TenantWork work, Guid id, CancellationToken cancellationToken) =>
        work.FindAsync<DeviceRow>(Select + " where id = @id", new { id }, cancellationToken);

    public Device Answer() => new(Id, Name, EventId, Gates, RevokedAt is not null ? "revoked" : SecretHash is not null ? "active" : "pending", AppVersion, CreatedAt, ActivatedAt, LastSeenAt, RevokedAt);
}
