using System.Diagnostics;
using System.Reflection;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Health;

/// <summary>What orchestrators and people ask. Readiness looks at the service's own stores, never at a neighbour.</summary>
internal static class HealthRoutes
{
    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").WithTags("Health").AllowAnonymous();
        health.MapGet("/", () => new { status = "up" }).WithName("Health").WithSummary("The process answers");
        health.MapGet("/live", () => new { status = "up" }).WithName("Live").WithSummary("The process should not be restarted");
        health.MapGet("/startup", (Readiness readiness, CancellationToken cancellationToken) => AnswerAsync(readiness, cancellationToken))
            .WithName("Startup").WithSummary("The service has started");
        health.MapGet("/ready", (Readiness readiness, CancellationToken cancellationToken) => AnswerAsync(readiness, cancellationToken))
            .WithName("Ready").WithSummary("The service can take requests");
        app.MapGet("/health/detailed", DetailAsync).WithTags("Health").RequireAuthorization(Policies.AdminOrOps)
            .WithName("HealthDetail").WithSummary("Each part by itself, for operators");
    }

    private static async Task<IResult> AnswerAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var state = await readiness.LookAsync(cancellationToken);
        return Results.Json(new { status = state.Word, reason = state.Reason }, statusCode: state.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> DetailAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var state = await readiness.LookAsync(cancellationToken);
        using var process = Process.GetCurrentProcess();
        return Results.Json(new
        {
            status = state.Word,
            reason = state.Reason,
            database = state.Database,
            schema = new { found = state.SchemaFound, needed = state.SchemaNeeded },
            redis = state.Redis,
            version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
            workingSetBytes = process.WorkingSet64,
        });
    }
}

/// <param name="Word">ready, degraded (Redis is away: slower, not wrong) or not_ready.</param>
internal sealed record ReadyState(string Word, string? Reason, bool Database, int? SchemaFound, int SchemaNeeded, bool Redis)
{
    public bool IsReady => Word != "not_ready";
}

internal sealed class Readiness(Database database, RedisStore redis, SchemaNeeded needed, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public async Task<ReadyState> LookAsync(CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested) return new("not_ready", "stopping", true, null, needed.Version, true);

        var redisUp = redis.PingAsync();
        int? found = null;
        string? reason = null;
        try
        {
            // Ids are 20260101000001_baseline, …: the last digits count.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(s_patience);
            var rows = await database.AskForAllTenantsAsync<int>(
                needed.Version == 0 ? "select 0" : "select coalesce(max(right(split_part(id, '_', 1), 6)::int), 0) from platform.schema_migrations",
                null, patience.Token);
            found = rows[0];
            if (found < needed.Version) reason = $"the schema is at {found:000}, this version needs {needed.Version:000}: run admitone migrate up";
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            reason = fault is Npgsql.PostgresException { SqlState: "42P01" } ? "there is no schema yet: run admitone migrate up" : "the database does not answer";
        }
        var up = await redisUp;
        return new(reason is not null ? "not_ready" : up ? "ready" : "degraded", reason ?? (up ? null : "Redis does not answer"), found is not null, found, needed.Version, up);
    }
}

/// <summary>The oldest schema that a service can work with.</summary>
internal sealed record SchemaNeeded(int Version);
