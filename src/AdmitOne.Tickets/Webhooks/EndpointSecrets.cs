using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>
/// Encrypts the secrets of webhook endpoints that are not encrypted with the current key: those of a version that kept them in clear, and those of the
/// previous INTERNAL_API_KEY. A rotation is over when it has been round once; a secret whose key is gone is left as it is, and its organiser rotates it.
/// </summary>
internal sealed partial class EndpointSecrets(Database database, SecretSeal seal, TimeProvider clock, ILogger<EndpointSecrets> logger) : PeriodicWorker(TimeSpan.FromMinutes(1), clock, logger)
{
    private const int EndpointsAtOnce = 500;

    /// <summary>What an endpoint's secrets are bound to.</summary>
    public static string Of(Guid tenantId, Guid endpointId) => $"{tenantId:n} webhook endpoint {endpointId:n}";

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var clear = await database.AskForAllTenantsAsync<ToSeal>("select tenant_id, endpoint_id from tickets.endpoints_to_seal(@KeyId, @EndpointsAtOnce)", new { seal.KeyId, EndpointsAtOnce }, cancellationToken);
        foreach (var one in clear) await SealAsync(one.TenantId, one.EndpointId, cancellationToken);
    }

    private async Task SealAsync(Guid tenantId, Guid endpointId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var row = await work.FindAsync<SecretRow>("select secret, secret_previous from tickets.webhook_endpoints where id = @endpointId for no key update", new { endpointId }, cancellationToken);
        if (row is null) return;
        var of = Of(tenantId, endpointId);
        if (seal.Open(row.Secret, of) is not { } secret)
        {
            Lost(endpointId);
            return;
        }
        // A previous secret whose key is gone signs nothing any more.
        var previous = row.SecretPrevious is null ? null : seal.Open(row.SecretPrevious, of);
        await work.ExecuteAsync("update tickets.webhook_endpoints set secret = @secret, secret_previous = @previous, sealed_with = @KeyId where id = @endpointId",
            new { endpointId, secret = seal.Seal(secret, of), previous = previous is null ? null : seal.Seal(previous, of), seal.KeyId }, cancellationToken);
        await work.CommitAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 4992, Level = LogLevel.Error, Message = "The secret of webhook endpoint {EndpointId} was encrypted with an INTERNAL_API_KEY that is gone; its organiser must rotate it")]
    private partial void Lost(Guid endpointId);

    private sealed class ToSeal
    {
        public Guid TenantId { get; init; }
        public Guid EndpointId { get; init; }
    }

    private sealed class SecretRow
    {
        public string Secret { get; init; } = "";
        public string? SecretPrevious { get; init; }
    }
}
