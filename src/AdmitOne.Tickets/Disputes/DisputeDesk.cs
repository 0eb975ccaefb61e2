using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Tickets;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Disputes;

/// <summary>
/// A buyer's bank asks for the money of an order back. While the dispute is open the order's tickets are blocked (STRIPE_DISPUTES_BLOCK); when it is won,
/// the tickets that it blocked admit again; when it is lost they stay blocked. It is blocked for once: a ticket that a manager lets go meanwhile stays
/// unblocked. Events come in any order, so what the dispute is now is asked, and a decision is never taken back by an older answer.
/// </summary>
internal sealed class DisputeDesk(Database database, StripePayments stripe, IOptions<StripeOptions> options, TimeProvider clock)
{
    private static readonly Actor s_provider = Actor.OfSystem("payment provider");

    /// <exception cref="PaymentProviderException">Stripe does not say what the dispute is now; ask again.</exception>
    public async Task HearAsync(Guid tenantId, Guid orderId, string disputeId, CancellationToken cancellationToken)
    {
        var dispute = await stripe.FindDisputeAsync(disputeId, cancellationToken);
        await using var work = await database.BeginAsync(tenantId, CancellationToken.None);
        await TicketBlocks.LockOrderAsync(work, orderId, CancellationToken.None);   // two events about one order queue here
        if (await work.FindAsync<OrderRow>("select event_id from tickets.orders where id = @orderId", new { orderId }, CancellationToken.None) is not { } order) return;
        var before = await work.FindAsync<DisputeRow>("select id, status, provider_status, blocked_tickets from tickets.disputes where provider_id = @disputeId", new { disputeId }, CancellationToken.None);
        var status = Status(dispute.Status);
        if (before is null) await OpenAsync(work, (orderId, order), dispute, status);
        else if (Rank(status) > Rank(before.Status) || (status == before.Status && dispute.Status != before.ProviderStatus)) await MoveAsync(work, (orderId, order), before, dispute, status);
        else return;
        await work.CommitAsync(CancellationToken.None);
    }

    private async Task OpenAsync(TenantWork work, (Guid Id, OrderRow Row) order, StripeDispute dispute, string status)
    {
        var blocked = options.Value.DisputesBlock && status != "won" ? await TicketBlocks.BlockOrderAsync(work, order.Id, CancellationToken.None) : [];
        var (id, amount) = (Guid.CreateVersion7(clock.GetUtcNow()), StripeAmount.From(dispute.Amount, dispute.Currency.ToUpperInvariant()));
        await work.ExecuteAsync("""
            insert into tickets.disputes (tenant_id, id, order_id, provider_id, status, provider_status, reason, amount_minor, currency, blocked_tickets)
            values (@TenantId, @id, @orderId, @ProviderId, @status, @ProviderStatus, @reason, @amount, @Currency, @blocked)
            """, new
        {
            work.TenantId, id, orderId = order.Id, ProviderId = dispute.Id, status, ProviderStatus = dispute.Status, reason = dispute.Reason ?? "general", amount,
            Currency = dispute.Currency.ToUpperInvariant(), blocked = blocked.ToArray(),
        }, CancellationToken.None);
        var data = new { OrderId = order.Id, order.Row.EventId, DisputeId = id, Status = status, dispute.Reason, AmountMinor = amount, Currency = dispute.Currency.ToUpperInvariant(), Tickets = blocked.Count };
        await work.TellAsync("dispute.opened", order.Id, data, CancellationToken.None);
        if (status != "open") await work.TellAsync("dispute.closed", order.Id, data, CancellationToken.None);
        await work.AuditAsync(s_provider, new AuditEntry("dispute.open", "order", order.Id, null,
            new { DisputeId = id, ProviderId = dispute.Id, dispute.Status, dispute.Reason, AmountMinor = amount, data.Currency, Blocked = blocked }), CancellationToken.None);
    }

    private static async Task MoveAsync(TenantWork work, (Guid Id, OrderRow Row) order, DisputeRow before, StripeDispute dispute, string status)
    {
        var unblocked = status == "won" ? await LetGoAsync(work, order.Id, before) : [];
        await work.ExecuteAsync("update tickets.disputes set status = @status, provider_status = @ProviderStatus, updated_at = clock_timestamp() where id = @Id",
            new { before.Id, status, ProviderStatus = dispute.Status }, CancellationToken.None);
        if (status != before.Status)
        {
            await work.TellAsync("dispute.closed", order.Id, new
            {
                OrderId = order.Id, order.Row.EventId, DisputeId = before.Id, Status = status, dispute.Reason, AmountMinor = StripeAmount.From(dispute.Amount, dispute.Currency.ToUpperInvariant()),
                Currency = dispute.Currency.ToUpperInvariant(), Tickets = unblocked.Count,
            }, CancellationToken.None);
        }
        await work.AuditAsync(s_provider, new AuditEntry("dispute.move", "order", order.Id, new { DisputeId = before.Id, Status = before.ProviderStatus },
            new { DisputeId = before.Id, dispute.Status, Unblocked = unblocked }), CancellationToken.None);
    }

    // Another dispute of the same order that is not won keeps the tickets blocked, and lets them go when it is.
    private static async Task<IReadOnlyList<Guid>> LetGoAsync(TenantWork work, Guid orderId, DisputeRow won) =>
        await work.ExecuteAsync("""
            update tickets.disputes set blocked_tickets = array(select unnest(blocked_tickets) union select unnest(@BlockedTickets))
             where id = (select id from tickets.disputes where order_id = @orderId and id <> @Id and status <> 'won' order by created_at limit 1)
            """, new { orderId, won.Id, won.BlockedTickets }, CancellationToken.None) == 1
            ? []
            : await TicketBlocks.UnblockAsync(work, won.BlockedTickets, CancellationToken.None);

    private static string Status(string atStripe) => atStripe switch
    {
        "won" or "warning_closed" or "prevented" => "won",
        "lost" => "lost",
        _ => "open",
    };

    // Stripe turns a lost dispute into a won one now and then, and never the other way round.
    private static int Rank(string status) => status switch { "open" => 0, "lost" => 1, _ => 2 };

    private sealed class OrderRow
    {
        public Guid EventId { get; init; }
    }

    private sealed class DisputeRow
    {
        public Guid Id { get; init; }
        public string Status { get; init; } = "";
        public string ProviderStatus { get; init; } = "";
        public Guid[] BlockedTickets { get; init; } = [];
    }
}
