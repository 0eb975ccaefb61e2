using AdmitOne.Tickets.Lanes;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A ticket of an order that is to be refunded, as its lock found it.</summary>
/// <param name="PaidMinor">What was paid for it, its share of discounts, fees and tax included.</param>
internal sealed record TicketState(Guid Id, Guid OrderId, Guid TypeId, Guid? UserId, string Status, long PaidMinor, bool IsAdmitted)
{
    public bool IsAlive => Status is "issued" or "blocked";

    public bool IsBlocked => Status == "blocked";
}

/// <summary>What the event promises those who give tickets back.</summary>
/// <param name="ClosesAt">From then on holders are refused.</param>
/// <param name="AllBackUntil">The event was moved: until then holders get everything back, whatever the policy says.</param>
internal sealed record RefundPolicyState(DateTimeOffset ClosesAt, int FeePercent, DateTimeOffset? AllBackUntil)
{
    /// <summary>SQL of <see cref="ClosesAt"/>, from a row <c>w</c> of events.sale_window.</summary>
    public const string ClosesAtSql = "w.starts_at - make_interval(hours => w.refund_until_hours_before)";

    /// <summary>SQL of <see cref="AllBackUntil"/>: the window of a moved event ends with the event, whose end says nothing while it is postponed.</summary>
    public const string AllBackUntilSql =
        "case when w.refund_window_until is not null and w.status <> 'postponed' then least(w.refund_window_until, w.ends_at) else w.refund_window_until end";

    public bool GivesAllBack(DateTimeOffset now) => now < AllBackUntil;

    public bool IsClosed(DateTimeOffset now) => !GivesAllBack(now) && now >= ClosesAt;
}

/// <summary>A refund of an order that is on the books.</summary>
/// <param name="ProviderReference">What the provider calls it, once it has accepted it.</param>
internal sealed record RefundState(Guid Id, Guid OrderId, string Status, long AmountMinor, string? ProviderReference)
{
    /// <summary>No money has gone by it yet.</summary>
    public bool IsUnsent => Status == "failed" || (Status == "pending" && ProviderReference is null);
}

/// <summary>What a batch with refunds in it reads beyond the rest. The tickets' locks come after the stock's, as in the one order of locks.</summary>
internal static class RefundReads
{
    public static void Add(NpgsqlBatch batch, Guid tenantId, Guid eventId, Guid[] orders)
    {
        batch.Add("select id from tickets.tickets where tenant_id = $1 and order_id = any ($2) order by id for no key update", tenantId, orders);
        batch.Add("""
            select t.id, t.order_id, t.ticket_type_id, t.user_id, t.status, coalesce(t.paid_minor, t.face_value_minor), a.ticket_id is not null
              from tickets.tickets t left join tickets.admissions a on a.tenant_id = t.tenant_id and a.ticket_id = t.id
             where t.tenant_id = $1 and t.order_id = any ($2) order by t.id
            """, tenantId, orders);
        batch.Add($"""
            select {RefundPolicyState.ClosesAtSql}, w.refund_fee_percent, {RefundPolicyState.AllBackUntilSql}
              from events.sale_window w where w.tenant_id = $1 and w.event_id = $2
            """, tenantId, eventId);
        batch.Add("select id, order_id, status, amount_minor, provider_reference from tickets.refunds where tenant_id = $1 and order_id = any ($2) order by created_at, id", tenantId, orders);
    }

    public static async Task<(List<TicketState> Tickets, RefundPolicyState? Policy, List<RefundState> Refunds)> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);   // the locks
        var tickets = await reader.NextListAsync(r => new TicketState(r.GetGuid(0), r.GetGuid(1), r.GetGuid(2), r.IsDBNull(3) ? null : r.GetGuid(3), r.GetString(4), r.GetInt64(5),
            r.GetBoolean(6)), cancellationToken);
        var policy = await reader.NextListAsync(r => new RefundPolicyState(r.Instant(0), r.GetInt32(1), r.InstantOrNull(2)), cancellationToken);
        var refunds = await reader.NextListAsync(r => new RefundState(r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.GetInt64(3), r.IsDBNull(4) ? null : r.GetString(4)), cancellationToken);
        return (tickets, policy.FirstOrDefault(), refunds);
    }
}
