using System.ComponentModel.DataAnnotations;
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

/// <summary>A scanner that is to be let work.</summary>
public sealed record DeviceRequest
{
    /// <summary>What people call it.</summary>
    [PlainText(100)]
    public required string Name { get; init; }

    /// <summary>The only event it may scan for; left out: any of the organiser's.</summary>
    public Guid? EventId { get; init; }

    /// <summary>The only gates it may stand at; left out: all.</summary>
    [MaxLength(50), GateNames]
    public IReadOnlyList<string> Gates { get; init; } = [];
}

/// <summary>Each gate has a name of 1 to 100 characters, and has it once.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GateNamesAttribute() : ValidationAttribute("Each must be a different text of 1 to 100 characters.")
{
    public override bool IsValid(object? value) =>
        value is not IReadOnlyList<string> gates
        || (gates.All(gate => gate is { Length: >= 1 and <= 100 } && !string.IsNullOrWhiteSpace(gate) && !gate.Any(char.IsControl)) && gates.Distinct(StringComparer.Ordinal).Count() == gates.Count);
}

/// <summary>Makes a scanner known, and gives the one-time code with which it gets its credential.</summary>
internal static class RegisterDevice
{
    /// <summary>Long enough to carry the code from the office to the gate.</summary>
    public static readonly TimeSpan ActivationTime = TimeSpan.FromHours(24);

    public static void Map(IEndpointRouteBuilder devices) =>
        devices.MapPost("/", HandleAsync)
            .WithName("RegisterDevice").WithSummary("Register a scanner, and get its one-time code").WithRateTier(RateTier.Write).AnswersWithASecret()
            .WithRequestExample(DeviceExamples.New).WithAnswerExample(DeviceExamples.Invited)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Created<InvitedDevice>, Refusal>> HandleAsync(
        DeviceRequest request, Caller caller, Actor actor, HttpContext context, Database database, TimeProvider clock, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var code = DeviceSecret.NewActivationCode();
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (request.EventId is { } eventId && await work.FindAsync<Guid?>("select event_id from events.sale_window where event_id = @eventId", new { eventId }, cancellationToken) is null)
            return PlatformProblems.NotFound.With("There is no such event.");
        var expiresAt = await work.FindAsync<DateTimeOffset>("""
            insert into tickets.devices (tenant_id, id, name, event_id, gates, activation_hash, activation_expires_at, created_by)
            values (@TenantId, @id, @Name, @EventId, @gates, @hash, clock_timestamp() + @ActivationTime, @UserId)
            returning activation_expires_at
            """, new { caller.TenantId, id, request.Name, request.EventId, gates = request.Gates.ToArray(), hash = DeviceSecret.Hash(code), ActivationTime, caller.UserId }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("device.register", "device", id, Before: null, request), cancellationToken);
        await work.CommitAsync(cancellationToken);
        context.NeverCache();
        return TypedResults.Created($"/api/v1/devices/{id}", new InvitedDevice(id, request.Name, request.EventId, request.Gates, "pending", code, expiresAt));
    }
}
