using AdmitOne.Contracts;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Cancellations;

internal static class ReadCancellation
{
    private static readonly CancellationProgress s_halfWay = new(Orders: 5000, Refunded: 2431, Failed: 1, Remaining: 2568);

    public static void Map(IEndpointRouteBuilder events) =>
        events.MapGet("/{id}/cancellation", HandleAsync)
            .WithName("ReadCancellation").WithSummary("How far the refunds of a cancelled event have come")
            .WithDescription("A signed call of event-service or order-service, for the tenant that its signature names. orders = refunded + failed + remaining.")
            .WithRateTier(RateTier.Global).WithAnswerExample(s_halfWay)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused, PlatformProblems.DependencyUnavailable);

    private static async Task<Results<Ok<CancellationProgress>, Refusal>> HandleAsync(
        Guid id, [FromHeader(Name = ServiceSignature.TenantHeader)] string? tenant, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var notFound = PlatformProblems.NotFound.With("There is no cancelled event of this id here.");
        // The signature covers this header; nothing else says for whom the call is.
        if (!Guid.TryParse(tenant, out var tenantId)) return notFound;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await work.FindAsync<string>("select status from events.sale_window where tenant_id = @tenantId and event_id = @id", new { tenantId, id }, cancellationToken) != "cancelled")
            return notFound;
        var counted = (await work.FindAsync<Counted>(Sql, new { tenantId, id }, cancellationToken))!;

        context.NeverCache();
        return TypedResults.Ok(new CancellationProgress(counted.Orders, counted.Refunded, counted.Failed, counted.Orders - counted.Refunded - counted.Failed));
    }

    // Orders that are listed, those that are not yet, and those whose money came after the cancel and went straight back.
    private const string Sql = """
        with concerned as (
            select c.order_id, c.status = 'voided' as is_void, c.attempts > 0 as has_failed
              from tickets.cancellation_orders c where c.tenant_id = @tenantId and c.event_id = @id
            union all
            select o.id, false, false from tickets.orders o
             where o.tenant_id = @tenantId and o.event_id = @id and o.status in ('paid', 'partially_refunded')
               and not exists (select from tickets.cancellation_orders c where c.tenant_id = @tenantId and c.event_id = @id and c.order_id = o.id)
            union all
            select o.id, true, false from tickets.orders o join tickets.cancellations j on j.tenant_id = o.tenant_id and j.event_id = o.event_id
             where o.tenant_id = @tenantId and o.event_id = @id and o.status = 'refunded'
               and not exists (select from tickets.cancellation_orders c where c.tenant_id = @tenantId and c.event_id = @id and c.order_id = o.id)
               and exists (select from tickets.refunds r where r.tenant_id = o.tenant_id and r.order_id = o.id and r.created_at >= j.created_at)),
        sent as (
            select r.order_id, bool_or(r.status <> 'succeeded') as owed, bool_or(r.status = 'failed') as failed
              from tickets.refunds r where r.tenant_id = @tenantId and r.order_id in (select order_id from concerned) group by r.order_id),
        judged as (
            select c.is_void and not coalesce(s.owed, false) as is_refunded, (not c.is_void and c.has_failed) or (c.is_void and coalesce(s.failed, false)) as has_failed
              from concerned c left join sent s using (order_id))
        select count(*)::int as orders, (count(*) filter (where is_refunded))::int as refunded, (count(*) filter (where has_failed))::int as failed from judged
        """;

    private sealed class Counted
    {
        public int Orders { get; init; }
        public int Refunded { get; init; }
        public int Failed { get; init; }
    }
}
