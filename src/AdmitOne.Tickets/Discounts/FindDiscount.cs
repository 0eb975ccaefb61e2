using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Discounts;

internal static class FindDiscount
{
    public static void Map(IEndpointRouteBuilder discounts) =>
        discounts.MapGet("/{id}", HandleAsync)
            .WithName("FindDiscount").WithSummary("One discount code and its uses").WithRateTier(RateTier.Read)
            .WithAnswerExample(DiscountExamples.Kept).WithEntityTag().MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<Discount>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<DiscountRow>($"select {DiscountRow.Columns} from tickets.discounts where id = @id and deleted_at is null", new { id }, cancellationToken) is not { } found)
            return DiscountRules.NoDiscount;
        context.NeverCache();
        EntityTag.Set(context, found.Version);
        return TypedResults.Ok(found.Answer());
    }
}
