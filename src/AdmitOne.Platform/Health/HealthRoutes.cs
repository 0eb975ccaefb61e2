using System.Diagnostics;
using System.Reflection;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Health;

/// <summary>What orchestrators and people ask. Readiness looks at the service's own stores, never at a neighbour.</summary>
internal static class HealthRoutes
{
    private static readonly HealthState s_up = new("up", Reason: null);

    public static void MapHealth(this WebApplication app)
    {
        var health = app.MapGroup("/health").WithTag("Health", "Whether the service can do its work, for orchestrators, scrapers and people.").AllowAnonymous().DisableHttpMetrics();
        health.MapGet("/", () => TypedResults.Ok(s_up)).WithName("Health").WithSummary("The process answers").WithAnswerExample(s_up);
        health.MapGet("/live", (Liveness liveness) => Answer(liveness)).WithName("Live").WithSummary("The process should not be restarted")
            .Produces<HealthState>().Produces<HealthState>(StatusCodes.Status503ServiceUnavailable)
            .WithAnswerExample(s_up, StatusCodes.Status200OK)
            .WithAnswerExample(new HealthState("down", "EventLanes has ended: restart this process"), StatusCodes.Status503ServiceUnavailable);
        MapReadiness(health, "/startup").WithName("Startup").WithSummary("The service has started");
        MapReadiness(health, "/ready").WithName("Ready").WithSummary("The service can take requests");
        app.MapGet("/health/detailed", DetailAsync).WithTags("Health").RequireAuthorization(Policies.AdminOrOps)
            .WithName("HealthDetail").WithSummary("Each part by itself, for operators")
            .WithAnswerExample(new HealthDetail("ready", Reason: null, Database: true, new SchemaState(Found: 3, Needed: 3), Redis: true, "0.1.0", WorkingSetBytes: 141_557_760));
    }

    private static JsonHttpResult<HealthState> Answer(Liveness liveness) => liveness.EndedLoop is { } ended
        ? TypedResults.Json(new HealthState("down", $"{ended} has ended: restart this process"), statusCode: StatusCodes.Status503ServiceUnavailable)
        : TypedResults.Json(s_up);

    private static RouteHandlerBuilder MapReadiness(RouteGroupBuilder health, string path) =>
        health.MapGet(path, (Readiness readiness, CancellationToken cancellationToken) => AnswerAsync(readiness, cancellationToken))
            .Produces<HealthState>().Produces<HealthState>(StatusCodes.Status503ServiceUnavailable)
            .WithAnswerExample(new HealthState("ready", Reason: null), StatusCodes.Status200OK)
            .WithAnswerExample(new HealthState("not_ready", "the database does not answer"), StatusCodes.Status503ServiceUnavailable);

    private static async Task<IResult> AnswerAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var state = await readiness.LookAsync(cancellationToken);
        return TypedResults.Json(new HealthState(state.Word, state.Reason), statusCode: state.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Ok<HealthDetail>> DetailAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var state = await readiness.LookAsync(cancellationToken);
        using var process = Process.GetCurrentProcess();
        return TypedResults.Ok(new HealthDetail(state.Word, state.Reason, state.Database, new SchemaState(state.SchemaFound, state.SchemaNeeded), state.Redis,
            Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion, process.WorkingSet64));
    }
}

/// <summary>Whether a service can do its work.</summary>
/// <param name="Status"><c>up</c> or <c>down</c>, or of readiness <c>ready</c>, <c>degraded</c> (Redis is away: slower, not wrong) or <c>not_ready</c>.</param>
/// <param name="Reason">What is wrong, if anything is.</param>
public sealed record HealthState(string Status, string? Reason);

/// <summary>Each part of a service by itself.</summary>
public sealed record HealthDetail(string Status, string? Reason, bool Database, SchemaState Schema, bool Redis, string? Version, long WorkingSetBytes);

/// <summary>Which migration the database is at, and the oldest that the service works with.</summary>
public sealed record SchemaState(int? Found, int Needed);

/// <param name="Word">ready, degraded (Redis is away: slower, not wrong) or not_ready.</param>
internal sealed record ReadyState(string Word, string? Reason, bool Database, int? SchemaFound, int SchemaNeeded, bool Redis)
{
    public bool IsReady => Word != "not_ready";
}

internal sealed class Readiness(
    Database database, RedisStore redis, SchemaNeeded needed, SessionCheck sessions, IHostApplicationLifetime lifetime)
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
            if (sessions.IsPending) reason = "whether the database's sessions are this service's own is not known yet";
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
