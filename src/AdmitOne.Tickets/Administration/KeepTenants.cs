using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Tickets.Administration;

/// <summary>The life of an organiser, in the hands of the platform's own administrator: made, suspended, resumed, deleted.</summary>
internal static class KeepTenants
{
    public static void Map(IEndpointRouteBuilder tenants)
    {
        tenants.MapGet("/", ListAsync).WithName("ListTenants").WithSummary("All organisers, newest first").WithRateTier(RateTier.Admin)
            .WithAnswerExample(RouteExamples.OnePage(TenantExamples.Kept)).MayRefuseWith(PlatformProblems.ValidationFailed);
        tenants.MapPost("/", MakeAsync).WithName("MakeTenant").WithSummary("Make an organiser").WithRateTier(RateTier.Admin)
            .WithRequestExample(TenantExamples.New).WithAnswerExample(TenantExamples.Kept).MayRefuseWith(PlatformProblems.AlreadyExists);
        MapMove(tenants.MapPost("/{id}/suspend", (Guid id, Caller caller, Actor actor, Database database, CancellationToken c) => MoveAsync(new(id, "suspended", ["active"]), caller, actor, database, c)),
            "SuspendTenant", "Refuse everybody of an organiser, within seconds");
        MapMove(tenants.MapPost("/{id}/resume", (Guid id, Caller caller, Actor actor, Database database, CancellationToken c) => MoveAsync(new(id, "active", ["suspended"]), caller, actor, database, c)),
            "ResumeTenant", "Let an organiser go on");
        tenants.MapPost("/{id}/limits", LimitAsync).WithName("LimitTenant").WithSummary("Give an organiser's people more calls, or fewer, within seconds").WithRateTier(RateTier.Admin)
            .WithRequestExample(TenantExamples.Limits).WithAnswerExample(TenantExamples.Kept with { LimitMultiplier = TenantExamples.Limits.LimitMultiplier })
            .MayRefuseWith(PlatformProblems.NotFound, TenantProblems.NotAllowed);
        MapMove(tenants.MapDelete("/{id}", (Guid id, Caller caller, Actor actor, Database database, CancellationToken c) => MoveAsync(new(id, "deleting", ["suspended"]), caller, actor, database, c)),
            "DeleteTenant", "Remove a suspended organiser and all of its data, for good");
    }

    private static void MapMove(RouteHandlerBuilder route, string name, string summary) =>
        route.WithName(name).WithSummary(summary).WithRateTier(RateTier.Admin)
            .WithAnswerExample(TenantExamples.Kept).MayRefuseWith(PlatformProblems.NotFound, TenantProblems.NotAllowed);

    private static async Task<Results<Ok<Page<TenantAnswer>>, Refusal>> ListAsync(
        [Range(1, Paging.MaxLimit)] int? limit, string? cursor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        var rows = await database.AskForAllTenantsAsync<TenantRow>($"select {TenantRow.Columns} from platform.tenants_newest(@At, @Id, @size + 1)", new { after?.At, after?.Id, size }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new NewestFirst(row.CreatedAt, row.Id)));
    }

    private static async Task<Results<Created<TenantAnswer>, Refusal>> MakeAsync(
        TenantBody body, Caller caller, Actor actor, Database database, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        try
        {
            var made = await work.FindAsync<TenantRow>($"select {TenantRow.Columns} from platform.make_tenant(@id, @Slug, @Name, @multiplier)",
                new { id = Guid.CreateVersion7(clock.GetUtcNow()), body.Slug, body.Name, multiplier = (decimal)body.LimitMultiplier }, cancellationToken);
            await work.AuditAsync(actor, new AuditEntry("tenant.create", "tenant", made!.Id, null, made.Answer()), cancellationToken);
            await work.CommitAsync(cancellationToken);
            return TypedResults.Created($"/api/v1/admin/tenants/{made.Id}", made.Answer());
        }
        catch (PostgresException refused) when (DatabaseFaults.Broke(refused, "tenants_slug_key"))
        {
            return PlatformProblems.AlreadyExists.With("Another organiser has this slug.");
        }
    }

    private static async Task<Results<Ok<TenantAnswer>, Refusal>> MoveAsync(Move move, Caller caller, Actor actor, Database database, CancellationToken cancellationToken)
    {
        if (move.Id == caller.TenantId) return TenantProblems.NotAllowed.With("The platform's own tenant stays.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var found = await work.FindAsync<TenantRow>($"select {TenantRow.Columns} from platform.tenant_of(@Id)", new { move.Id }, cancellationToken);
        if (found is null) return TenantProblems.NoTenant;
        if (found.Status == move.To) return TypedResults.Ok(found.Answer());
        var moved = await work.FindAsync<TenantRow>($"select {TenantRow.Columns} from platform.move_tenant(@Id, @From, @To)", move, cancellationToken);
        if (moved is null) return TenantProblems.NotAllowed.With(move.To == "deleting" ? $"It is {found.Status}; suspend it first." : $"It is {found.Status}.");
        await work.AuditAsync(actor, new AuditEntry($"tenant.{move.To}", "tenant", move.Id, found.Answer(), moved.Answer()), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.Ok(moved.Answer());
    }

    private static async Task<Results<Ok<TenantAnswer>, Refusal>> LimitAsync(
        Guid id, TenantLimits limits, Caller caller, Actor actor, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var found = await work.FindAsync<TenantRow>($"select {TenantRow.Columns} from platform.tenant_of(@id)", new { id }, cancellationToken);
        if (found is null) return TenantProblems.NoTenant;
        var limited = await work.FindAsync<TenantRow>($"select {TenantRow.Columns} from platform.limit_tenant(@id, @multiplier)",
            new { id, multiplier = (decimal)limits.LimitMultiplier }, cancellationToken);
        if (limited is null) return TenantProblems.NotAllowed.With("It is deleting.");
        await work.AuditAsync(actor, new AuditEntry("tenant.limit", "tenant", id, found.Answer(), limited.Answer()), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.Ok(limited.Answer());
    }

    private sealed record Move(Guid Id, string To, string[] From);
}
