using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Discounts;

internal static class ListDiscounts
{
    public static void Map(IEndpointRouteBuilder discounts) =>
        discounts.MapGet("/", HandleAsync)
            .WithName("ListDiscounts").WithSummary("The tenant's discount codes, oldest first").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(DiscountExamples.Kept))
            .MayRefuseWith(PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<Discount>>, Refusal>> HandleAsync(
        Guid? eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        Guid? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await work.QueryAsync<DiscountRow>($"""
            select {DiscountRow.Columns} from tickets.discounts
             where deleted_at is null{Where.And(eventId is not null, "event_id = @eventId")}{Where.And(after is not null, "id > @after")} order by id limit @size + 1
            """, new { eventId, after, size }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => (Guid?)row.Id));
    }
}
