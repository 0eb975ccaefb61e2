using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Devices;

/// <summary>Who works at the door: staff by their token, or a scanner by its credential. A handler of the policy <see cref="Policies.Door"/> takes it as a parameter.</summary>
/// <param name="UserId">Null for a scanner.</param>
/// <param name="Device">Null for staff.</param>
public sealed record AtTheDoor(Guid TenantId, Guid? UserId, BoundDevice? Device)
{
    internal static readonly object Item = new();

    /// <summary>The registered scanners of these ids, for a transaction that scans: a scanner is revoked from the next scan on, whoever remembers it.</summary>
    public const string Registered = "select id, revoked_at from tickets.devices where tenant_id = $1 and id = any ($2)";

    public static ValueTask<AtTheDoor?> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    /// <summary>Who works there, for a handler that is asked too often to have it bound; null if the route's policy asks for nobody of the door.</summary>
    public static AtTheDoor? Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Items[Item] is AtTheDoor scanner) return scanner;
        return Caller.Of(context) is { } caller ? new AtTheDoor(caller.TenantId, caller.UserId, Device: null) : null;
    }

    /// <summary>Checks again, for a call that stays open, whether it may go on: the person's token and tenant, or the scanner's credential, what it is bound to, and its tenant.</summary>
    internal OpenAccess Watch(HttpContext context)
    {
        var services = context.RequestServices;
        var access = services.GetRequiredService<CallerAccess>();
        if (Device is null && Caller.Of(context) is { } caller) return access.Watch(caller, context.RequestAborted);
        var devices = services.GetRequiredService<KnownDevices>();
        return access.Watch(async check => Device is { } shown
            && await devices.FindAsync(shown.Id, appVersion: null, check) is var (tenantId, device)
            && device.RevokedAt is null && device.SecretHash is { } hash && hash.AsSpan().SequenceEqual(shown.SecretHash)
            && device.EventId == shown.EventId && device.Gates.SequenceEqual(shown.Gates)
            && await access.IsActiveAsync(tenantId, check), context.RequestAborted);
    }

    /// <summary>Whose scans these are: the scanner's own id, or the one that staff say.</summary>
    public Guid? DeviceIdOr(Guid? said) => Device?.Id ?? said;

    /// <summary>The gate that was said, or the only one that the scanner stands at.</summary>
    public string? GateOr(string? said) => said ?? (Device?.Gates is [var only] ? only : null);

    /// <returns>Why a scanner may not do this, or null.</returns>
    public Refusal? Refuse(Guid eventId, string? gate)
    {
        if (Device is null) return null;
        if (Device.EventId is { } own && own != eventId) return PlatformProblems.NotFound.With("This scanner is registered for another event.");
        return gate is not null && Device.Gates.Count > 0 && !Device.Gates.Contains(gate)
            ? PlatformProblems.Invalid("/gate", $"This scanner is registered for {string.Join(", ", Device.Gates)}.")
            : null;
    }

    /// <summary>Asks anew whether the scanner is in service, in the transaction that is to do something for it.</summary>
    /// <param name="deviceId">The scanner, or what staff call their own; a registered one's id is not theirs to use.</param>
    public async Task<Refusal?> RefuseDeviceAsync(TenantWork work, Guid? deviceId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (deviceId is not { } id) return null;
        var found = await work.QueryAsync<(Guid, DateTimeOffset? RevokedAt)>("select id, revoked_at from tickets.devices where id = @id", new { id }, cancellationToken);
        return found is [var registered] ? RefuseRegistered(registered.RevokedAt, byStaff: Device is null) : null;
    }

    /// <returns>Why a registered scanner's id may not be used, or null.</returns>
    internal static Refusal? RefuseRegistered(DateTimeOffset? revokedAt, bool byStaff) =>
        revokedAt is { } at ? DeviceProblems.Revoked(at)
        : byStaff ? PlatformProblems.Invalid("/deviceId", "Is a registered scanner's, which scans with its own credential. Leave it out, or name another.")
        : null;
}

/// <summary>A scanner that has shown a good credential.</summary>
/// <param name="EventId">The only event it scans for; null: any.</param>
/// <param name="Gates">The only gates it stands at; none: all.</param>
public sealed record BoundDevice(Guid Id, Guid? EventId, IReadOnlyList<string> Gates)
{
    /// <summary>Of the secret that it has shown: a device that is registered anew has another one.</summary>
    internal byte[] SecretHash { get; init; } = [];
}
