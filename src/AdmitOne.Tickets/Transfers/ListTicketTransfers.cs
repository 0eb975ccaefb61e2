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

/// <summary>Through whose hands a ticket went. An owner sees that it changed hands before them, and not whose they were; offers that came to nothing are their makers' own.</summary>
internal static class ListTicketTransfers
{
    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/{id}/transfers", HandleAsync)
            .WithName("ListTicketTransfers").WithSummary("A ticket's history, newest first, for its owner or a manager").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(TransferExamples.Accepted))
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<Transfer>>, Refusal>> HandleAsync(
        Guid id, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<Row>("select user_id from tickets.tickets where id = @id", new { id }, cancellationToken) is not { } ticket)
            return PlatformProblems.NotFound.With("There is no such ticket.");
        if (ticket.UserId != caller.UserId && !caller.IsManager) return PlatformProblems.NotOwner.With("The ticket is somebody else's.");
        var rows = await work.QueryAsync<TransferRow>($"""
            {TransferRow.Select}
             where f.ticket_id = @id and (@IsManager or f.status = 'accepted' or f.from_user_id = @UserId)
               {Where.And(after is not null, "(f.created_at, f.id) < (@At, @Id)")}
             order by f.created_at desc, f.id desc limit {size + 1}
            """, new { id, caller.IsManager, caller.UserId, after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(caller), row => new NewestFirst(row.CreatedAt, row.Id)));
    }

    private sealed class Row
    {
        public Guid? UserId { get; init; }
    }
}
