using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Minting;

/// <summary>
/// Turns what happened to tickets into jobs for whoever mints, in the order in which it happened. What was sold is never held up by it: messages wait, sales
/// do not. A message handled twice makes its jobs once, as a ticket has one job a step.
/// </summary>
internal sealed class QueueMintJobs(Database database, OutboxBells bells, OutboxMetrics outbox, MintingMetrics metrics, TimeProvider clock, ILogger<QueueMintJobs> logger)
    : OutboxConsumer("minting", database, bells, outbox, clock, logger)
{
    private const short First = 1;
    private const short Last = short.MaxValue;

    protected override IReadOnlyCollection<string> Types { get; } = ["order.paid", "transfer.accepted", "order.refunded", "ticket.refunded", "ticket.cancelled"];

    protected override Task HandleAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken) => message.Type switch
    {
        "order.paid" => MintAsync(work, message.ResourceId, cancellationToken),
        "transfer.accepted" => FollowAsync(work, message, cancellationToken),
        "order.refunded" => BurnAsync(work, "t.order_id = @id", message.ResourceId, cancellationToken),
        _ => BurnAsync(work, "t.id = @id", message.ResourceId, cancellationToken),
    };

    private async Task MintAsync(TenantWork work, Guid orderId, CancellationToken cancellationToken)
    {
        var tickets = await work.QueryAsync<Guid>("select id from tickets.tickets where order_id = @orderId order by id", new { orderId }, cancellationToken);
        if (tickets.Count == 0) return;
        metrics.Queued("mint", await work.ExecuteAsync("""
            insert into tickets.mint_jobs (tenant_id, id, ticket_id, event_id, kind, step, owner_id)
            select t.tenant_id, n.job_id, t.id, t.event_id, 'mint', @First, t.user_id
              from unnest(@jobs::uuid[], @tickets::uuid[]) as n (job_id, ticket_id) join tickets.tickets t on t.id = n.ticket_id and t.status in ('issued', 'blocked')
                on conflict (tenant_id, ticket_id, step) do nothing
            """, new { First, jobs = tickets.Select(_ => Guid.CreateVersion7()).ToArray(), tickets = tickets.ToArray() }, cancellationToken));
    }

    // A ticket that was sold while nothing was minted has no token that could follow it.
    private async Task FollowAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken)
    {
        var (ticketId, ownerId, step) = (message.Data.GetProperty("ticketId").GetGuid(), message.Data.GetProperty("toUserId").GetGuid(), message.Data.GetProperty("ownerVersion").GetInt16());
        metrics.Queued("transfer", await work.ExecuteAsync("""
            insert into tickets.mint_jobs (tenant_id, id, ticket_id, event_id, kind, step, owner_id)
            select m.tenant_id, @jobId, m.ticket_id, m.event_id, 'transfer', @step, @ownerId from tickets.mint_jobs m where m.ticket_id = @ticketId and m.step = @First
                on conflict (tenant_id, ticket_id, step) do nothing
            """, new { First, jobId = Guid.CreateVersion7(), ticketId, ownerId, step }, cancellationToken));
    }

    private async Task BurnAsync(TenantWork work, string which, Guid id, CancellationToken cancellationToken)
    {
        var dead = await work.QueryAsync<Guid>($"select t.id from tickets.tickets t where {which} and t.status in ('refunded', 'cancelled') order by t.id", new { id }, cancellationToken);
        if (dead.Count == 0) return;
        metrics.Queued("burn", await work.ExecuteAsync("""
            insert into tickets.mint_jobs (tenant_id, id, ticket_id, event_id, kind, step)
            select m.tenant_id, n.job_id, m.ticket_id, m.event_id, 'burn', @Last
              from unnest(@jobs::uuid[], @dead::uuid[]) as n (job_id, ticket_id) join tickets.mint_jobs m on m.ticket_id = n.ticket_id and m.step = @First
                on conflict (tenant_id, ticket_id, step) do nothing
            """, new { First, Last, jobs = dead.Select(_ => Guid.CreateVersion7()).ToArray(), dead = dead.ToArray() }, cancellationToken));
    }
}
