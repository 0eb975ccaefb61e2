using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Refunds;

/// <summary>The money of a refund is on its way once more.</summary>
/// <param name="Status"><c>pending</c>.</param>
public sealed record RetriedRefund(Guid Id, Guid OrderId, string Status);

/// <summary>A manager sends the money of a failed refund again. Its tickets stay as they are.</summary>
internal static class RetryRefund
{
    public static void Map(IEndpointRouteBuilder refunds) =>
        refunds.MapPost("/{refundId}/retry", HandleAsync)
            .WithName("RetryRefund").WithSummary("Send the money of a failed refund again")
            .WithDescription("For a refund that failed after the provider had accepted it, which nothing sends again by itself; one that the provider has not accepted yet is tried at once.")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithAnswerExample(new RetriedRefund(RefundExamples.Accepted.Id, RefundExamples.Accepted.OrderId, "pending"))
            .MayRefuseWith(PlatformProblems.NotFound, RefundProblems.NotFailed);

    private static async Task<Results<Ok<RetriedRefund>, Refusal>> HandleAsync(
        Guid id, Guid refundId, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<RefundRow>("select status, amount_minor, currency, last_error from tickets.refunds where id = @refundId and order_id = @id for update", new { id, refundId }, cancellationToken)
            is not { } refund) return PlatformProblems.NotFound.With("The order has no such refund.");
        if (refund.Status != "failed") return RefundProblems.NotFailed.With($"It is {refund.Status}.");
        await work.ExecuteAsync("""
            update tickets.refunds set status = 'pending', needs_person = false, from_provider = false, provider_checks = 0, next_attempt_at = clock_timestamp(), updated_at = clock_timestamp(),
                   provider_reference = case when needs_person then null else provider_reference end
             where id = @refundId
            """, new { refundId }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("refund.retry", "order", id, new { refund.Status, refund.LastError }, new { refundId, Status = "pending", refund.AmountMinor, refund.Currency }), cancellationToken);
        await work.CommitAsync(cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new RetriedRefund(refundId, id, "pending"));
    }

    private sealed class RefundRow
    {
        public string Status { get; init; } = "";
        public long AmountMinor { get; init; }
        public string Currency { get; init; } = "";
        public string? LastError { get; init; }
    }
}

internal static class RefundProblems
{
    /// <summary>Only a failed refund is sent again; one that is pending or has succeeded is not.</summary>
    public static readonly ProblemType NotFailed = new("refund_not_failed", StatusCodes.Status409Conflict, "The refund has not failed")
    {
        Like = "It is succeeded.",
    };
}
