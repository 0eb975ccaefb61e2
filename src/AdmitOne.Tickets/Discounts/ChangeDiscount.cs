using System.Text.Json.Nodes;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Payments;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Tickets.Discounts;

/// <summary>Edits a discount while it is used. Reservations keep the price they were given; what was used stays counted.</summary>
internal static class ChangeDiscount
{
    public static void Map(IEndpointRouteBuilder discounts) =>
        discounts.MapPatch("/{id}", HandleAsync)
            .WithName("ChangeDiscount").WithSummary("Edit a discount code (merge patch, If-Match)").Accepts<DiscountBody>("application/merge-patch+json", "application/json")
            .WithRateTier(RateTier.Write)
            .WithRequestExample(DiscountExamples.Patch).WithAnswerExample(DiscountExamples.Kept with { MaxUses = 200, Version = 4 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, PlatformProblems.AlreadyExists);

    private static async Task<Results<Ok<Discount>, Refusal>> HandleAsync(
        Guid id, JsonObject patch, Caller caller, Actor actor, HttpContext context, Database database, MergePatch merge, CardAmounts cards, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await DiscountRow.LockAsync(work, id, cancellationToken) is not { } before) return DiscountRules.NoDiscount;
        if (EntityTag.Refuse(context, before.Version) is { } stale) return stale;
        var (after, invalid) = await merge.ApplyAsync(before.Body(), patch, cancellationToken);
        if (after is null) return invalid!;
        if (cards.Refuse(after.TakenOff(), before.Body().TakenOff()) is { } unpayable) return unpayable;
        if (after.MaxUses < before.Used) return PlatformProblems.Invalid("/maxUses", $"{before.Used} are used already.");
        if (await DiscountRules.RefuseScopeAsync(work, after, cancellationToken) is { } refusal) return refusal;

        Discount changed;
        try
        {
            changed = (await work.FindAsync<DiscountRow>($"""
                update tickets.discounts set code = @Code, kind = @kind, percent_bp = @percentBp, amount_minor = @amountMinor, buy = @Buy, get = @Get, currency = @currency,
                       minimum_minor = @minimumMinor, cap_minor = @capMinor, event_id = @EventId, ticket_type_ids = @ticketTypeIds, valid_from = @ValidFrom,
                       valid_until = @ValidUntil, max_uses = @MaxUses, max_uses_per_customer = @MaxUsesPerCustomer, priority = @Priority, stackable = @Stackable,
                       version = version + 1, updated_at = clock_timestamp()
                 where id = @id returning {DiscountRow.Columns}
                """, DiscountRow.Values(caller.TenantId, id, after), cancellationToken))!.Answer();
        }
        catch (PostgresException taken) when (taken.ConstraintName == DiscountRules.CodeIsUnique)
        {
            return DiscountRules.CodeTaken(after.Code);
        }
        await work.AuditAsync(actor, new AuditEntry("discount.change", "discount", id, before.Answer(), changed), cancellationToken);
        await work.CommitAsync(cancellationToken);

        EntityTag.Set(context, changed.Version);
        return TypedResults.Ok(changed);
    }
}
