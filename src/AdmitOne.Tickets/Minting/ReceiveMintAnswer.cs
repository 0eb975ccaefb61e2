using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Minting;

/// <summary>What the minting service says became of a job.</summary>
public sealed record MintAnswer
{
    /// <summary><c>token.minted</c>, <c>token.transferred</c> or <c>token.burned</c>, as the job asked, or <c>token.failed</c>.</summary>
    [AllowedValues("token.minted", "token.transferred", "token.burned", "token.failed", ErrorMessage = "Must be token.minted, token.transferred, token.burned or token.failed.")]
    public required string Type { get; init; }

    /// <summary>When it happened there.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    public required MintResult Data { get; init; }
}

/// <summary>Of which job, and what there is to show for it.</summary>
public sealed record MintResult
{
    public required Guid JobId { get; init; }

    [PlainText(200)]
    public string? TokenId { get; init; }

    [PlainText(200)]
    public string? TransactionId { get; init; }

    /// <summary>Why it failed.</summary>
    [StringLength(2000)]
    public string? Reason { get; init; }
}

/// <summary>What was made of an answer.</summary>
/// <param name="Result"><c>done</c>; <c>refused</c>, which is tried again; <c>dead</c>, which is not; <c>repeated</c> or <c>unknown</c>, which changed nothing.</param>
public sealed record MintAnswerTaken(string Result);

/// <summary>
/// The answer ends the job, whenever and however often it comes: before its call has returned, after it was given up, or again. What is done stays done.
/// </summary>
internal static class ReceiveMintAnswer
{
    private const string Source = "minting";

    public static void Map(IEndpointRouteBuilder webhooks) =>
        webhooks.MapPost("/minting", HandleAsync).RequireWebhookSignature(WebhookSource.Minting)
            .WithName("ReceiveMintAnswer").WithSummary("The minting service's answer to a job; a repeated one changes nothing")
            .WithRateTier(RateTier.Webhook)
            .WithRequestExample(MintingExamples.Minted, name: "minted").WithRequestExample(MintingExamples.Failed, name: "failed").WithAnswerExample(new MintAnswerTaken("done"))
            .MayRefuseWith(PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<MintAnswerTaken>, Refusal>> HandleAsync(
        MintAnswer answer, VerifiedWebhook webhook, HttpContext context, CallLimits limits, Database database, MintingMetrics metrics, IOptions<MintingOptions> options, CancellationToken cancellationToken)
    {
        var tenants = await database.AskForAllTenantsAsync<Guid?>("select tickets.tenant_of_mint_job(@JobId)", new { answer.Data.JobId }, cancellationToken);
        if (tenants[0] is not { } tenantId)
        {
            metrics.Moved("unknown");
            return TypedResults.Ok(new MintAnswerTaken("unknown"));
        }
        if (await limits.SpendWebhookAsync(context, tenantId) is { } refusal) return refusal;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (!await work.ReceiveAsync(tenantId, (Source, webhook.Id, answer.Type), cancellationToken))
        {
            metrics.Moved("repeated");
            return TypedResults.Ok(new MintAnswerTaken("repeated"));
        }
        var job = (await LockAsync(work, answer.Data.JobId, cancellationToken))!;
        if (answer.Type != "token.failed" && answer.Type != Expected(job.Kind)) return PlatformProblems.Invalid("/type", $"The job is to {job.Kind} a token.");
        if (job is { Kind: "mint" } && answer is { Type: "token.minted", Data.TokenId: null }) return PlatformProblems.Invalid("/data/tokenId", "Is required.");

        var result = (job.Status, answer.Type) switch
        {
            ("done", _) or ("dead", "token.failed") => "repeated",
            (_, "token.failed") => await PutOffAsync(work, job, answer.Data, options.Value, cancellationToken),
            _ => await FinishAsync(work, job, answer.Data, cancellationToken),
        };
        await work.HandledAsync((Source, webhook.Id), cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Moved(result);
        return TypedResults.Ok(new MintAnswerTaken(result));
    }

    private static string Expected(string kind) => kind switch { "mint" => "token.minted", "transfer" => "token.transferred", _ => "token.burned" };

    // The ticket first, as everybody who has both.
    private static async Task<Job?> LockAsync(TenantWork work, Guid jobId, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("select 1 from tickets.tickets where id = (select ticket_id from tickets.mint_jobs where id = @jobId) for no key update", new { jobId }, cancellationToken);
        return await work.FindAsync<Job>("select id, ticket_id, kind, step, status, attempts from tickets.mint_jobs where id = @jobId for update", new { jobId }, cancellationToken);
    }

    private static async Task<string> FinishAsync(TenantWork work, Job job, MintResult said, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("""
            update tickets.mint_jobs set status = 'done', token_id = @TokenId, transaction_id = @TransactionId, last_error = null, updated_at = clock_timestamp() where id = @Id;
            update tickets.mint_jobs set next_attempt_at = clock_timestamp() where ticket_id = @TicketId and step > @Step and status = 'waiting';
            update tickets.tickets set nft_token_id = coalesce(@TokenId, nft_token_id), nft_transaction_id = coalesce(@TransactionId, nft_transaction_id), nft_status = @becomes,
                   updated_at = clock_timestamp() where id = @TicketId
            """, new { job.Id, job.TicketId, job.Step, said.TokenId, said.TransactionId, becomes = job.Kind == "burn" ? "burned" : "minted" }, cancellationToken);
        return "done";
    }

    private static async Task<string> PutOffAsync(TenantWork work, Job job, MintResult said, MintingOptions options, CancellationToken cancellationToken)
    {
        var gone = job.Attempts >= options.MaxAttempts;
        var reason = $"The minting service failed: {said.Reason ?? "it does not say why"}";
        await work.ExecuteAsync("""
            update tickets.mint_jobs set status = @status, last_error = left(@reason, 500), next_attempt_at = clock_timestamp() + @pause, updated_at = clock_timestamp() where id = @Id
            """, new { job.Id, status = gone ? "dead" : "waiting", reason = string.Concat(reason.Select(c => char.IsControl(c) ? ' ' : c)), pause = MintPauses.AfterAFailure(options, Math.Max(1, job.Attempts)) }, cancellationToken);
        return gone ? "dead" : "refused";
    }

    private sealed class Job
    {
        public Guid Id { get; init; }
        public Guid TicketId { get; init; }
        public string Kind { get; init; } = "";
        public short Step { get; init; }
        public string Status { get; init; } = "";
        public int Attempts { get; init; }
    }
}
