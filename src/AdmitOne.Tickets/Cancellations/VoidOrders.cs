using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Cancellations;

/// <summary>
/// The work on one cancelled event: first what waits is ended and the paid orders are listed, then a chunk of them after the other is voided
/// through the event's lane. Who works on an event has its row locked, for one step: when a process is killed its lock goes with it, and an order
/// that it had voided is found so by the next one. Each order's refund is one command of the lane, which refunds an order once and never again.
/// </summary>
internal sealed partial class VoidOrders(Database database, EventLanes lanes, CancellationMetrics metrics, ILogger<VoidOrders> logger)
{
    private const int OrdersListedAtOnce = 10_000;

    // One batch of the lane takes them all; buyers of other events wait no longer for it than for any other batch.
    private const int OrdersAtOnce = 50;
    private const int LongestPauseSeconds = 300;
    private const int MaxReasonLength = 500;

    // The longest that a batch may take with its repetitions and the look-up of a lost commit.
    private static readonly TimeSpan s_lanesTake = TimeSpan.FromSeconds(30);

    private static readonly Actor s_actor = Actor.OfSystem("cancellation");

    /// <returns>False if there was nothing to do now, or another replica does it.</returns>
    public async Task<bool> StepAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var job = await work.FindAsync<Job>("""
            select status, reason from tickets.cancellations where tenant_id = @tenantId and event_id = @eventId and status <> 'done' for no key update skip locked
            """, new { tenantId, eventId }, cancellationToken);
        return job switch
        {
            null => false,
            { Status: "closing" } => await CloseAsync(work, eventId, cancellationToken),
            _ => await VoidChunkAsync(work, eventId, job.Reason, cancellationToken),
        };
    }

    /// <summary>Looks at the event again in ten seconds.</summary>
    public async Task PutOffAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        await work.ExecuteAsync("""
            update tickets.cancellations set next_step_at = clock_timestamp() + interval '10 seconds' where tenant_id = @tenantId and event_id = @eventId and status <> 'done'
            """, new { tenantId, eventId }, cancellationToken);
        await work.CommitAsync(cancellationToken);
    }

    // The cancel closed the gate before it was told: no order can be paid any more that is not there now.
    private async Task<bool> CloseAsync(TenantWork work, Guid eventId, CancellationToken cancellationToken)
    {
        var types = await EndSales.RunAsync(work, eventId, cancellationToken);
        var listed = await work.ExecuteAsync("""
            insert into tickets.cancellation_orders (tenant_id, event_id, order_id)
            select o.tenant_id, o.event_id, o.id from tickets.orders o
             where o.tenant_id = @TenantId and o.event_id = @eventId and o.status in ('paid', 'partially_refunded')
               and not exists (select from tickets.cancellation_orders c where c.tenant_id = o.tenant_id and c.event_id = o.event_id and c.order_id = o.id)
             limit @OrdersListedAtOnce
            """, new { work.TenantId, eventId, OrdersListedAtOnce }, cancellationToken);
        if (listed < OrdersListedAtOnce)
        {
            await work.ExecuteAsync("update tickets.cancellations set status = 'refunding' where tenant_id = @TenantId and event_id = @eventId",
                new { work.TenantId, eventId }, cancellationToken);
        }
        await work.CommitAsync(cancellationToken);

        // What is left, when a lane is full or we are killed here, the sweep of expired holds finds.
        while (types.Count > 0 && (await lanes.RunAsync(new SweepExpired(work.TenantId, eventId, types), cancellationToken)).Value is { Rows: > 0 }) { }
        return true;
    }

    private async Task<bool> VoidChunkAsync(TenantWork work, Guid eventId, string? reason, CancellationToken cancellationToken)
    {
        var waiting = await work.QueryAsync<WaitingOrder>("""
            select c.order_id, c.attempts, (select o.discount_ids from tickets.orders o where o.tenant_id = c.tenant_id and o.id = c.order_id) as discount_ids,
                   (select coalesce(array_agg(distinct t.ticket_type_id), '{}') from tickets.tickets t where t.tenant_id = c.tenant_id and t.order_id = c.order_id) as ticket_type_ids
              from tickets.cancellation_orders c
             where c.tenant_id = @TenantId and c.event_id = @eventId and c.status = 'waiting' and c.next_attempt_at <= clock_timestamp()
             order by c.order_id limit @OrdersAtOnce
            """, new { work.TenantId, eventId, OrdersAtOnce }, cancellationToken);
        if (waiting.Count == 0) return await FinishAsync(work, eventId, cancellationToken);

        await work.AllowIdleAsync(s_lanesTake, cancellationToken);
        var why = reason is null ? "The event was cancelled." : $"The event was cancelled: {reason}";
        var ends = await Task.WhenAll(waiting.Select(order => VoidAsync(work.TenantId, eventId, order, why[..Math.Min(MaxReasonLength, why.Length)])));
        await RecordAsync(work, eventId, ends, cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Voided(ends.Count(end => end.Fault is null && !end.LaneWasFull));
        return !ends.Any(end => end.LaneWasFull);
    }

    private async Task<End> VoidAsync(Guid tenantId, Guid eventId, WaitingOrder order, string reason)
    {
        try
        {
            var (_, refusal) = await lanes.RunAsync(new RefundTickets(tenantId, eventId, order.TicketTypeIds, new RefundWish(order.OrderId, TicketIds: null, reason, s_actor) { Becomes = "cancelled", DiscountIds = order.DiscountIds }), CancellationToken.None);
            // Its tickets may have been given back by somebody else, or by us just before we were killed. Blocked ones wait for a manager.
            if (refusal is null || refusal.Type == InventoryProblems.AlreadyRefunded || refusal.Type == InventoryProblems.TicketBlocked) return new End(order.OrderId);
            if (refusal.Type == PlatformProblems.Overloaded) return new End(order.OrderId) { LaneWasFull = true };
            return Failed($"{refusal.Type.Code}: {refusal.Detail}", null);
        }
        catch (Exception fault) when (DatabaseFaults.IsTransient(fault))
        {
            return new End(order.OrderId) { LaneWasFull = true };
        }
        catch (Exception fault)
        {
            return Failed(fault.Message, fault);
        }

        End Failed(string what, Exception? fault)
        {
            metrics.Failed();
            NotVoided(fault, order.OrderId, order.Attempts + 1);
            return new End(order.OrderId) { Fault = what };
        }
    }

    private static async Task RecordAsync(TenantWork work, Guid eventId, End[] ends, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("""
            update tickets.cancellation_orders set status = 'voided', fault = null where tenant_id = @TenantId and event_id = @eventId and order_id = any (@voided)
            """, new { work.TenantId, eventId, voided = ends.Where(e => e.Fault is null && !e.LaneWasFull).Select(e => e.OrderId).ToArray() }, cancellationToken);
        await work.ExecuteAsync("""
            update tickets.cancellation_orders c
               set attempts = c.attempts + 1, fault = f.fault, next_attempt_at = clock_timestamp() + make_interval(secs => least(power(2, least(c.attempts, 20)), @LongestPauseSeconds))
              from unnest(@orders, @faults) as f (order_id, fault) where c.tenant_id = @TenantId and c.event_id = @eventId and c.order_id = f.order_id
            """, new
        {
            work.TenantId, eventId, LongestPauseSeconds,
            orders = ends.Where(e => e.Fault is not null).Select(e => e.OrderId).ToArray(),
            faults = ends.Where(e => e.Fault is not null).Select(e => e.Fault!).ToArray(),
        }, cancellationToken);
    }

    /// <summary>Done when every order is void; the money is on its way by the refunds themselves. Until then the next failed one says when to look again.</summary>
    private static async Task<bool> FinishAsync(TenantWork work, Guid eventId, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("""
            update tickets.cancellations j
               set status = case when w.next_at is null then 'done' else j.status end, finished_at = case when w.next_at is null then clock_timestamp() end,
                   next_step_at = coalesce(w.next_at, j.next_step_at)
              from (select min(next_attempt_at) as next_at from tickets.cancellation_orders where tenant_id = @TenantId and event_id = @eventId and status = 'waiting') w
             where j.tenant_id = @TenantId and j.event_id = @eventId
            """, new { work.TenantId, eventId }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        return false;
    }

    [LoggerMessage(EventId = 4402, Level = LogLevel.Error, Message = "Order {OrderId} of a cancelled event was not voided at attempt {Attempt}; it is tried again")]
    private partial void NotVoided(Exception? fault, Guid orderId, int attempt);

    private sealed class Job
    {
        public string Status { get; init; } = "";
        public string? Reason { get; init; }
    }

    private sealed class WaitingOrder
    {
        public Guid OrderId { get; init; }
        public int Attempts { get; init; }
        public Guid[] TicketTypeIds { get; init; } = [];
        public Guid[]? DiscountIds { get; init; }
    }

    /// <summary>What came of an order: void, unless it says otherwise.</summary>
    private sealed record End(Guid OrderId)
    {
        public string? Fault { get; init; }
        public bool LaneWasFull { get; init; }
    }
}
