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
    private static readonly CancellationProgress s_halfWay = new(Orders: 5000, Refunded: 2431, Failed: 1, Remaining: 2566, NeedsPerson: 2);

    public static void Map(IEndpointRouteBuilder events) =>
        events.MapGet("/{id}/cancellation", HandleAsync)
            .WithName("ReadCancellation").WithSummary("How far the refunds of a cancelled event have come")
            .WithDescription("A signed call of event-service or order-service, for the tenant that its signature names. orders = refunded + failed + remaining + needsPerson.")
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
        return TypedResults.Ok(new CancellationProgress(counted.Orders, counted.Refunded, counted.Failed, counted.Orders - counted.Refunded - counted.Failed - counted.NeedsPerson, counted.NeedsPerson));
    }

    // Orders that are listed, those that are not yet, and those whose money came after the cancel and went straight back. All is gathered by order
    // rather than joined: right after a large event was cancelled the planner knows nothing of its rows yet, and would compare each with each.
    private const string Sql = """
        with gathered as (
            select c.order_id, 'listed' as word, c.status = 'voided' as is_void, c.attempts > 0 as has_failed, null::boolean as owed, null::timestamptz as at
              from tickets.cancellation_orders c where c.tenant_id = @tenantId and c.event_id = @id
            union all
            select o.id, o.status, null, null, null, null
              from tickets.orders o where o.tenant_id = @tenantId and o.event_id = @id and o.status in ('paid', 'partially_refunded', 'refunded')
            union all
            select r.order_id, 'refund', null, r.status = 'failed', r.status <> 'succeeded', r.created_at
              from tickets.orders o join tickets.refunds r on r.tenant_id = o.tenant_id and r.order_id = o.id
             where o.tenant_id = @tenantId and o.event_id = @id and o.status in ('partially_refunded', 'refunded')
            union all
            select t.order_id, 'blocked', null, null, null, null
              from tickets.tickets t where t.tenant_id = @tenantId and t.ticket_type_id in (select y.id from tickets.ticket_types y where y.event_id = @id) and t.status = 'blocked'),
        known as (
            select coalesce(bool_or(is_void) filter (where word = 'listed'), bool_or(word = 'refunded')) as is_void,
                   bool_or(word in ('listed', 'paid', 'partially_refunded')) as is_ours, max(at) as refunded_at,
                   coalesce(bool_or(has_failed) filter (where word = 'listed'), false) as not_voided, coalesce(bool_or(owed), false) as owed,
                   bool_or(word = 'blocked') as is_blocked,
                   coalesce(bool_or(has_failed) filter (where word = 'refund'), false) as not_sent
              from gathered group by order_id),
        judged as (
            select k.is_void and not k.owed and not k.is_blocked as is_refunded, k.is_void and not k.owed and k.is_blocked as needs_person,
                   case when k.is_void then k.not_sent else k.not_voided end as has_failed
              from known k
             where k.is_ours or k.refunded_at >= (select j.created_at from tickets.cancellations j where j.tenant_id = @tenantId and j.event_id = @id))
        select count(*)::int as orders, (count(*) filter (where is_refunded))::int as refunded, (count(*) filter (where has_failed))::int as failed,
               (count(*) filter (where needs_person))::int as needs_person from judged
        """;

    private sealed class Counted
    {
        public int Orders { get; init; }
        public int Refunded { get; init; }
        public int Failed { get; init; }
        public int NeedsPerson { get; init; }
    }
}
