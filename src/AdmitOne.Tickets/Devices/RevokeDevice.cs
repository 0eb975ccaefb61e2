using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Devices;

/// <summary>Takes a scanner out of service: it is refused at its next call. Its scans stay on the books. Doing it again changes nothing.</summary>
internal static class RevokeDevice
{
    public static void Map(IEndpointRouteBuilder devices) =>
        devices.MapDelete("/{id}", HandleAsync)
            .WithName("RevokeDevice").WithSummary("Take a scanner out of service").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, Database database, KnownDevices known, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await DeviceRow.FindAsync(work, id, cancellationToken) is not { } device) return PlatformProblems.NotFound.With("There is no such scanner.");
        var revoked = await work.ExecuteAsync("""
            update tickets.devices set revoked_at = clock_timestamp(), activation_hash = null, activation_expires_at = null where id = @id and revoked_at is null
            """, new { id }, cancellationToken);
        if (revoked > 0) await work.AuditAsync(actor, new AuditEntry("device.revoke", "device", id, device.Answer(), new { status = "revoked" }), cancellationToken);
        await work.CommitAsync(cancellationToken);
        known.Forget(id);
        return TypedResults.NoContent();
    }
}
