using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Minting;

/// <summary>Tries a dead letter again from the start. One that is not dead is left as it is.</summary>
internal static class ReplayMintJob
{
    public static void Map(IEndpointRouteBuilder jobs) =>
        jobs.MapPost("/{id}/replay", HandleAsync)
            .WithName("ReplayMintJob").WithSummary("Try a dead mint job again; one that is not dead is left as it is").WithRateTier(RateTier.Write)
            .WithAnswerExample(MintingExamples.Waiting)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<MintJob>, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, HttpContext context, Database database, MintingMetrics metrics, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var before = await work.FindAsync<MintJobRow>($"select {MintJobRow.Columns} from tickets.mint_jobs j where j.id = @id for update", new { id }, cancellationToken);
        if (before is null) return PlatformProblems.NotFound.With("There is no such mint job.");
        context.NeverCache();
        if (before.Status != "dead") return TypedResults.Ok(before.Answer());

        await work.ExecuteAsync("update tickets.mint_jobs set status = 'waiting', attempts = 0, next_attempt_at = clock_timestamp(), updated_at = clock_timestamp() where id = @id", new { id }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("mint_job.replay", "mint_job", id, new { before.Status, before.Attempts, before.LastError }, new { Status = "waiting" }), cancellationToken);
        var after = (await work.FindAsync<MintJobRow>($"select {MintJobRow.Columns} from tickets.mint_jobs j where j.id = @id", new { id }, cancellationToken))!;
        await work.CommitAsync(cancellationToken);
        metrics.Moved("replayed");
        return TypedResults.Ok(after.Answer());
    }
}
