using System.Collections.Concurrent;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Audit;

/// <summary>
/// Notes who tried what only managers, admins or operators may. One person's first attempts of each minute are noted: who tries thousands has
/// said enough with the first twenty, and shall not fill the log.
/// </summary>
internal sealed partial class RefusedAttempts(Database database, TimeProvider clock, ILogger<RefusedAttempts> logger)
{
    private const int NotedAMinute = 20;
    private const int MaxKept = 10_000;

    private readonly ConcurrentDictionary<(Guid Tenant, Guid User), (long Minute, int Attempts)> _recent = new();

    /// <summary>The refusal does not depend on it: what cannot be noted is logged.</summary>
    public async Task NoteAsync(Caller caller, HttpContext context)
    {
        var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
        if (_recent.Count >= MaxKept) _recent.Clear();
        var (_, attempts) = _recent.AddOrUpdate((caller.TenantId, caller.UserId), (minute, 1), (_, last) => last.Minute == minute ? (minute, last.Attempts + 1) : (minute, 1));
        if (attempts > NotedAMinute) return;

        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.Trim('/');
        var resource = context.Request.RouteValues.Values.Select(value => Guid.TryParse(value as string, out var id) ? id : (Guid?)null).FirstOrDefault(id => id is not null);
        try
        {
            await using var work = await database.BeginAsync(caller.TenantId, context.RequestAborted);
            await work.AuditAsync(Actor.Of(context), new AuditEntry("route.refused", "route", resource ?? caller.UserId, Before: null,
                new { context.Request.Method, route = "/" + route, caller.Role }), context.RequestAborted);
            await work.CommitAsync(context.RequestAborted);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            NotNoted(fault, caller.TenantId, caller.UserId);
        }
    }

    [LoggerMessage(EventId = 1502, Level = LogLevel.Warning, Message = "A refused attempt of user {UserId} of tenant {TenantId} could not be noted")]
    private partial void NotNoted(Exception fault, Guid tenantId, Guid userId);
}
