using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Discounts;

/// <summary>Takes a code out of use. Its row stays for the orders that have it, and its code is free for another.</summary>
internal static class RemoveDiscount
{
    public static void Map(IEndpointRouteBuilder discounts) =>
        discounts.MapDelete("/{id}", HandleAsync)
            .WithName("RemoveDiscount").WithSummary("Take a discount code out of use (If-Match); reservations keep their price").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(
        Guid id, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await DiscountRow.LockAsync(work, id, cancellationToken) is not { } before) return DiscountRules.NoDiscount;
        if (EntityTag.Refuse(context, before.Version) is { } stale) return stale;
        await work.ExecuteAsync("update tickets.discounts set deleted_at = clock_timestamp(), version = version + 1, updated_at = clock_timestamp() where id = @id", new { id }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("discount.remove", "discount", id, before.Answer(), After: null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
