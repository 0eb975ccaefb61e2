using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Transfers;

/// <summary>What one offered and what one was offered.</summary>
internal static class ListTransfers
{
    private const string Sent = "f.from_user_id = @UserId";
    private const string Received = "(f.to_user_id = @UserId or (@EmailIsVerified and f.to_user_id is null and f.recipient_email = @Email and f.from_user_id is distinct from @UserId))";

    public static void Map(IEndpointRouteBuilder transfers) =>
        transfers.MapGet("/", HandleAsync)
            .WithName("ListTransfers").WithSummary("One's own transfers, sent and received, newest first").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(TransferExamples.Received))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<Transfer>>, Refusal>> HandleAsync(
        [AllowedValues("sent", "received", null, ErrorMessage = "Must be sent or received.")] string? direction,
        [AllowedValues("offered", "accepted", "declined", "cancelled", "expired", null, ErrorMessage = "Must be offered, accepted, declined, cancelled or expired.")] string? status,
        [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await work.QueryAsync<TransferRow>($"""
            {TransferRow.Select}
             where {direction switch { "sent" => Sent, "received" => Received, _ => $"({Sent} or {Received})" }}
               {Where.And(status is not null, "case when f.status = 'offered' and f.expires_at <= statement_timestamp() then 'expired' else f.status end = @status")}
               {Where.And(after is not null, "(f.created_at, f.id) < (@At, @Id)")}
             order by f.created_at desc, f.id desc limit {size + 1}
            """, new { caller.UserId, caller.Email, caller.EmailIsVerified, status, after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(caller), row => new NewestFirst(row.CreatedAt, row.Id)));
    }
}
