using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Devices;

/// <summary>A new one-time code for a scanner that is known. Its credential goes on working until the code has been used, and then no more.</summary>
internal static class RollDevice
{
    public static void Map(IEndpointRouteBuilder devices) =>
        devices.MapPost("/{id}/activation", HandleAsync)
            .WithName("RollDevice").WithSummary("A new one-time code for a scanner, which replaces its credential").WithRateTier(RateTier.Write).AnswersWithASecret()
            .WithAnswerExample(DeviceExamples.Invited)
            .MayRefuseWith(PlatformProblems.NotFound, DeviceProblems.DeviceRevoked);

    private static async Task<Results<Created<InvitedDevice>, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        var code = DeviceSecret.NewActivationCode();
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var expiresAt = await work.FindAsync<DateTimeOffset?>("""
            update tickets.devices set activation_hash = @hash, activation_expires_at = clock_timestamp() + @ActivationTime
             where id = @id and revoked_at is null returning activation_expires_at
            """, new { id, hash = DeviceSecret.Hash(code), RegisterDevice.ActivationTime }, cancellationToken);
        if (await DeviceRow.FindAsync(work, id, cancellationToken) is not { } device) return PlatformProblems.NotFound.With("There is no such scanner.");
        if (expiresAt is not { } until) return DeviceProblems.Revoked(device.RevokedAt!.Value);
        await work.AuditAsync(actor, new AuditEntry("device.roll", "device", id, Before: null, new { activationExpiresAt = until }), cancellationToken);
        await work.CommitAsync(cancellationToken);
        context.NeverCache();
        return TypedResults.Created($"/api/v1/devices/{id}", new InvitedDevice(id, device.Name, device.EventId, device.Gates, device.Answer().Status, code, until));
    }
}
