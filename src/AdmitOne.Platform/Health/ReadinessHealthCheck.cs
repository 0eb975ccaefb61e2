using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AdmitOne.Platform.Health;

/// <summary>
/// Readiness as the framework's health checks know it, for hosts and publishers that ask <see cref="HealthCheckService"/>. The routes below
/// <c>/health</c> and their bodies do not depend on it.
/// </summary>
internal sealed class ReadinessHealthCheck(Readiness readiness) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var state = await readiness.LookAsync(cancellationToken);
        return new HealthCheckResult(state.Word switch
        {
            "ready" => HealthStatus.Healthy,
            "degraded" => HealthStatus.Degraded,
            _ => HealthStatus.Unhealthy,
        }, state.Reason);
    }
}
