using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly.CircuitBreaker;

namespace AdmitOne.Tickets.Minting;

/// <summary>
/// Sends what is due, in batches, and asks again about what was sent and not answered. A batch is taken by moving its next attempt into the future, so a
/// replica that dies with it delays it and loses nothing; the answer alone ends a job, whenever it comes.
/// </summary>
internal sealed partial class MintingWorker(
    Database database, MintingClient client, MintingPatience patience, MintingMetrics metrics, IOptions<MintingOptions> options, TimeProvider clock, ILogger<MintingWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    /// <summary>The most jobs of one call.</summary>
    public const int BatchSize = 100;

    private const int JobsLookedAt = 1000;

    // Longer than a call can take: whoever has taken a batch is done with it, or dead, by then.
    private static readonly TimeSpan s_lease = MintingPatience.Timeout * 6;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        bool sent;
        do
        {
            sent = false;
            var due = await database.AskForAllTenantsAsync<Guid>("select tenant_id from tickets.tenants_with_mint_jobs_due(@JobsLookedAt)", new { JobsLookedAt }, cancellationToken);
            foreach (var tenantId in due)
            {
                // While the service is left alone its jobs keep their attempts.
                if (patience.Breaker.CircuitState is CircuitState.Open or CircuitState.Isolated) return;
                sent |= await SendNextAsync(tenantId, cancellationToken);
            }
        }
        while (sent);
    }

    /// <returns>Whether there may be more to send at once.</returns>
    private async Task<bool> SendNextAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var batch = await TakeAsync(tenantId, cancellationToken);
        if (batch.Count == 0) return false;
        try
        {
            await SendAsync(tenantId, batch, cancellationToken);
        }
        catch (BrokenCircuitException)
        {
            await GiveBackAsync(tenantId, batch, cancellationToken);
            return false;
        }
        return batch.Count == BatchSize;
    }

    private async Task<IReadOnlyList<Taken>> TakeAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var dead = await work.ExecuteAsync("""
            update tickets.mint_jobs set status = 'dead', last_error = coalesce(last_error, 'No answer came.'), updated_at = clock_timestamp()
             where status in ('waiting', 'sent') and next_attempt_at <= clock_timestamp() and attempts >= @MaxAttempts
            """, new { options.Value.MaxAttempts }, cancellationToken);
        // What waits for an earlier job of its ticket is woken by that one's answer; looking again now and then costs little.
        await work.ExecuteAsync("""
            update tickets.mint_jobs j set next_attempt_at = clock_timestamp() + interval '1 minute'
             where j.status = 'waiting' and j.next_attempt_at <= clock_timestamp()
               and exists (select from tickets.mint_jobs e where e.tenant_id = j.tenant_id and e.ticket_id = j.ticket_id and e.step < j.step and e.status <> 'done')
            """, null, cancellationToken);
        var taken = await work.QueryAsync<Taken>("""
            with mine as materialized (
                select d.id from tickets.mint_jobs d
                 where d.status in ('waiting', 'sent') and d.next_attempt_at <= clock_timestamp()
                   and not exists (select from tickets.mint_jobs e where e.tenant_id = d.tenant_id and e.ticket_id = d.ticket_id and e.step < d.step and e.status <> 'done')
                 order by d.next_attempt_at, d.id limit @BatchSize for update of d skip locked)
            update tickets.mint_jobs j set attempts = attempts + 1, next_attempt_at = clock_timestamp() + @s_lease, updated_at = clock_timestamp()
              from mine
             where j.id = mine.id
            returning j.id, j.ticket_id, j.event_id, j.kind, j.owner_id, j.attempts, (select t.nft_token_id from tickets.tickets t where t.tenant_id = j.tenant_id and t.id = j.ticket_id) as token_id
            """, new { s_lease, BatchSize }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        metrics.Moved("dead", dead);
        if (dead > 0) Died(dead);
        return taken;
    }

    // One job that is refused must not take its batch with it: halves find it.
    private async Task SendAsync(Guid tenantId, IReadOnlyList<Taken> batch, CancellationToken cancellationToken)
    {
        var sent = await client.SendAsync(tenantId, [.. batch.Select(j => new MintOrder(j.Id, j.TicketId, j.EventId, j.Kind, j.OwnerId, j.TokenId))], cancellationToken);
        if (sent is { Accepted: false, IsFinal: true } && batch.Count > 1)
        {
            await SendAsync(tenantId, [.. batch.Take(batch.Count / 2)], cancellationToken);
            await SendAsync(tenantId, [.. batch.Skip(batch.Count / 2)], cancellationToken);
            return;
        }
        if (!sent.Accepted) NotAccepted(batch.Count, sent.Fault!);
        await NoteAsync(tenantId, batch, sent, cancellationToken);
    }

    private async Task NoteAsync(Guid tenantId, IReadOnlyList<Taken> batch, SentBatch sent, CancellationToken cancellationToken)
    {
        var ids = batch.Select(j => j.Id).ToArray();
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        // An answer may have come before we got here: what is done stays done.
        if (sent.Accepted)
        {
            await work.ExecuteAsync("""
                update tickets.mint_jobs j set status = 'sent', last_error = null, next_attempt_at = clock_timestamp() + w.seconds * interval '1 second', updated_at = clock_timestamp()
                  from unnest(@ids::uuid[], @waits::float8[]) as w (id, seconds) where j.id = w.id and j.status in ('waiting', 'sent')
                """, new { ids, waits = batch.Select(j => MintPauses.ForAnAnswer(options.Value, j.Attempts).TotalSeconds).ToArray() }, cancellationToken);
        }
        else
        {
            await work.ExecuteAsync("""
                update tickets.mint_jobs j set status = case when @IsFinal then 'dead' else j.status end, last_error = @Fault,
                       next_attempt_at = clock_timestamp() + w.seconds * interval '1 second', updated_at = clock_timestamp()
                  from unnest(@ids::uuid[], @waits::float8[]) as w (id, seconds) where j.id = w.id and j.status in ('waiting', 'sent')
                """, new { ids, sent.IsFinal, sent.Fault, waits = batch.Select(j => MintPauses.AfterAFailure(options.Value, j.Attempts).TotalSeconds).ToArray() }, cancellationToken);
        }
        await work.CommitAsync(cancellationToken);
        metrics.Moved(sent.Accepted ? "sent" : sent.IsFinal ? "dead" : "failed", batch.Count);
    }

    private async Task GiveBackAsync(Guid tenantId, IReadOnlyList<Taken> batch, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        await work.ExecuteAsync("update tickets.mint_jobs set attempts = attempts - 1, next_attempt_at = clock_timestamp() + interval '1 second' where id = any (@ids) and status in ('waiting', 'sent')",
            new { ids = batch.Select(j => j.Id).ToArray() }, cancellationToken);
        await work.CommitAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 4451, Level = LogLevel.Warning, Message = "A batch of {Count} mint jobs was not accepted: {Fault}")]
    private partial void NotAccepted(int count, string fault);

    [LoggerMessage(EventId = 4452, Level = LogLevel.Error, Message = "{Count} mint jobs were given up; look at GET /api/v1/mint-jobs?status=dead and replay them")]
    private partial void Died(int count);

    private sealed class Taken
    {
        public Guid Id { get; init; }
        public Guid TicketId { get; init; }
        public Guid EventId { get; init; }
        public string Kind { get; init; } = "";
        public Guid? OwnerId { get; init; }
        public int Attempts { get; init; }
        public string? TokenId { get; init; }
    }
}
