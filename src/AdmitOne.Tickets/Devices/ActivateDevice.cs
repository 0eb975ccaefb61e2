using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Devices;

/// <summary>A one-time code, as it was typed into the scanner.</summary>
public sealed record ActivationRequest
{
    /// <summary>Spaces, dashes and small letters do not matter.</summary>
    [StringLength(40, MinimumLength = 1)]
    public required string Code { get; init; }

    /// <summary>Of the scanner's program; later it is told in the header X-App-Version.</summary>
    [PlainText(50)]
    public string? AppVersion { get; init; }
}

/// <summary>A scanner's own credential, shown this once.</summary>
/// <param name="Credential">Sent with each call as <c>Authorization: Device &lt;credential&gt;</c>: the id, a dot and the secret.</param>
/// <param name="EventId">The only event it may scan for; null: any.</param>
/// <param name="Gates">The only gates it may stand at; none: all.</param>
public sealed record ActivatedDevice(Guid DeviceId, string Credential, string Name, Guid? EventId, IReadOnlyList<string> Gates);

/// <summary>Exchanges a one-time code for a credential. The code is used up in the same statement; of two at once, one gets nothing.</summary>
internal static class ActivateDevice
{
    public static void Map(IEndpointRouteBuilder root) =>
        root.MapPost("/devices/activate", HandleAsync)
            .WithName("ActivateDevice").WithSummary("Exchange a one-time code for a scanner's credential").WithTags("Devices").AllowAnonymous().WithRateTier(RateTier.Write)
            .WithRequestExample(new ActivationRequest { Code = DeviceExamples.Invited.ActivationCode, AppVersion = "1.4.0" }).WithAnswerExample(DeviceExamples.Activated)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<ActivatedDevice>, Refusal>> HandleAsync(
        ActivationRequest request, Actor actor, HttpContext context, Database database, KnownDevices known, CancellationToken cancellationToken)
    {
        var hash = DeviceSecret.Hash(string.Concat(request.Code.Where(c => c is not (' ' or '-'))).ToUpperInvariant());
        var waits = await database.AskForAllTenantsAsync<Waiting>("select tenant_id, device_id from tickets.device_of_activation(@hash)", new { hash }, cancellationToken);
        if (waits is not [var one]) return NoSuchCode();

        var secret = DeviceSecret.New();
        await using var work = await database.BeginAsync(one.TenantId, cancellationToken);
        var device = await work.FindAsync<DeviceRow>("""
            update tickets.devices
               set secret_hash = @secretHash, activation_hash = null, activation_expires_at = null, activated_at = clock_timestamp(), last_seen_at = clock_timestamp(),
                   app_version = coalesce(@AppVersion, app_version)
             where id = @DeviceId and activation_hash = @hash and activation_expires_at > clock_timestamp() and revoked_at is null
            returning id, name, event_id, gates
            """, new { one.DeviceId, hash, secretHash = DeviceSecret.Hash(secret), request.AppVersion }, cancellationToken);
        if (device is null) return NoSuchCode();
        await work.AuditAsync(actor with { Kind = ActorKind.Device, Id = device.Id, Name = device.Name },
            new AuditEntry("device.activate", "device", device.Id, Before: null, new { request.AppVersion }), cancellationToken);
        await work.CommitAsync(cancellationToken);
        known.Forget(device.Id);
        context.NeverCache();
        return TypedResults.Ok(new ActivatedDevice(device.Id, $"{device.Id}.{secret}", device.Name, device.EventId, device.Gates));
    }

    private static Refusal NoSuchCode() => PlatformProblems.NotFound.With("No scanner waits for this code: it was mistyped, used already, or has expired.");

    private sealed class Waiting
    {
        public Guid TenantId { get; init; }
        public Guid DeviceId { get; init; }
    }
}
