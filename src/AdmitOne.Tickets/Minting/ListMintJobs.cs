using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Minting;

/// <summary>What was asked of the minting service; <c>?status=dead</c> is what it will not do by itself any more.</summary>
internal static class ListMintJobs
{
    public static void Map(IEndpointRouteBuilder jobs) =>
        jobs.MapGet("/", HandleAsync)
            .WithName("ListMintJobs").WithSummary("The mint jobs of the tenant's tickets, newest first; ?status=dead are the dead letters").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(MintingExamples.Dead))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<MintJob>>, Refusal>> HandleAsync(
        [AllowedValues("waiting", "sent", "done", "dead", null, ErrorMessage = "Must be waiting, sent, done or dead.")] string? status, Guid? eventId, Guid? ticketId,
        [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await work.QueryAsync<MintJobRow>($"""
            select {MintJobRow.Columns} from tickets.mint_jobs j
             where true{Where.And(status is not null, "j.status = @status")}{Where.And(eventId is not null, "j.event_id = @eventId")}{Where.And(ticketId is not null, "j.ticket_id = @ticketId")}
               {Where.And(after is not null, "(j.created_at, j.id) < (@At, @Id)")}
             order by j.created_at desc, j.id desc limit {size + 1}
            """, new { status, eventId, ticketId, after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new NewestFirst(row.CreatedAt, row.Id)));
    }
}
