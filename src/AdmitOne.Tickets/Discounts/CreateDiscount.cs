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

internal static class CreateDiscount
{
    public static void Map(IEndpointRouteBuilder discounts) =>
        discounts.MapPost("/", HandleAsync)
            .WithName("CreateDiscount").WithSummary("Add a discount code").WithRateTier(RateTier.Write)
            .WithRequestExample(DiscountExamples.New).WithAnswerExample(DiscountExamples.Kept with { Version = 1, Used = 0 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.AlreadyExists);

    private static async Task<Results<Created<Discount>, Refusal>> HandleAsync(
        DiscountBody body, Caller caller, Actor actor, HttpContext context, Database database, CardAmounts cards, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (cards.Refuse(body.TakenOff()) is { } unpayable) return unpayable;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await DiscountRules.RefuseScopeAsync(work, body, cancellationToken) is { } refusal) return refusal;
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        Discount created;
        try
        {
            created = (await work.FindAsync<DiscountRow>($"""
                insert into tickets.discounts (tenant_id, id, code, kind, percent_bp, amount_minor, buy, get, currency, minimum_minor, cap_minor, event_id, ticket_type_ids,
                       valid_from, valid_until, max_uses, max_uses_per_customer, priority, stackable)
                values (@tenantId, @id, @Code, @kind, @percentBp, @amountMinor, @Buy, @Get, @currency, @minimumMinor, @capMinor, @EventId, @ticketTypeIds,
                       @ValidFrom, @ValidUntil, @MaxUses, @MaxUsesPerCustomer, @Priority, @Stackable)
                returning {DiscountRow.Columns}
                """, DiscountRow.Values(caller.TenantId, id, body), cancellationToken))!.Answer();
        }
        catch (PostgresException taken) when (taken.ConstraintName == DiscountRules.CodeIsUnique)
        {
            return DiscountRules.CodeTaken(body.Code);
        }
        await work.AuditAsync(actor, new AuditEntry("discount.create", "discount", id, Before: null, created), cancellationToken);
        await work.CommitAsync(cancellationToken);

        EntityTag.Set(context, created.Version);
        return TypedResults.Created($"/api/v1/discounts/{id}", created);
    }
}
