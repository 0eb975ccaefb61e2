using System.Diagnostics;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Outbox;

/// <summary>
/// Reacts to messages: each tenant's in their order, by one replica at a time, in one transaction with the cursor that remembers them. So an effect
/// in this database happens once; an effect elsewhere, at least once. A message that fails holds up its own tenant's next ones and nobody else's: those
/// before it are handled one by one, and it is tried again later and later, and never skipped.
/// </summary>
/// <param name="name">Where its cursors are found; never renamed, or it begins again at the first message.</param>
public abstract partial class OutboxConsumer(string name, Database database, OutboxBells bells, OutboxMetrics metrics, TimeProvider clock, ILogger logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger, bells.Numbered)
{
    private const int TenantsAtOnce = 100;
    private const int Window = 500;
    private const int Together = 50;   // messages in one transaction, if none of them fails

    // In a rush numbers are given all the time. One pass this much later handles what many have told.
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_measured = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock = clock;
    private readonly ILogger _logger = logger;
    private long? _lastMeasured;

    public string Name => name;

    /// <summary>The types that concern it; the others are passed over, many at a time. Null: every type there is.</summary>
    protected abstract IReadOnlyCollection<string>? Types { get; }

    /// <summary>
    /// Does what the message asks for, in <paramref name="work"/>, which is committed for it and the messages beside it. What it throws is logged, and the message tried again.
    /// </summary>
    protected abstract Task HandleAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken);

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        bool isMore;
        do
        {
            isMore = false;
            var behind = await database.AskForAllTenantsAsync<Guid>("select tenant_id from platform.tenants_behind(@name, @TenantsAtOnce)", new { name, TenantsAtOnce }, cancellationToken);
            foreach (var tenantId in behind)
            {
                var (hasMoved, isCutShort) = await CatchUpAsync(tenantId, cancellationToken);
                isMore |= hasMoved && (isCutShort || behind.Count == TenantsAtOnce);
            }
        }
        while (isMore);
        await MeasureAsync(cancellationToken);
        await Task.Delay(s_gather, _clock, cancellationToken);
    }

    /// <returns>Whether the cursor has moved, and whether there are more messages than were looked at.</returns>
    private async Task<(bool HasMoved, bool IsCutShort)> CatchUpAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var ahead = await LookAheadAsync(tenantId, cancellationToken);
        var at = ahead.Cursor;
        foreach (var together in ahead.Messages.Chunk(Together))
        {
            var outcome = await HandleAsync(tenantId, at, together, cancellationToken);
            if (outcome is Outcome.Elsewhere or Outcome.PutOff) return (at > ahead.Cursor, false);
            if (outcome == Outcome.Failed)
            {
                // One of several: those before it must not wait for it.
                foreach (var message in together)
                {
                    if (await HandleAsync(tenantId, at, [message], cancellationToken) != Outcome.Done) return (at > ahead.Cursor, false);
                    at = message.Sequence;
                }
            }
            at = together[^1].Sequence;
        }
        return at == ahead.End || await PassOverAsync(tenantId, at, ahead.End, cancellationToken) ? (true, ahead.End < ahead.Head) : (at > ahead.Cursor, false);
    }

    private async Task<(long Cursor, long End, long Head, IReadOnlyList<OutboxMessage> Messages)> LookAheadAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var look = database.Look(tenantId);
        var (cursor, head) = await look.FindAsync<(long? Cursor, long Head)>("""
            select c.sequence, h.sequence from platform.outbox_heads h left join platform.outbox_cursors c on c.tenant_id = h.tenant_id and c.consumer = @name where h.tenant_id = @tenantId
            """, new { tenantId, name }, cancellationToken);
        if (cursor is null)
            await database.WriteAloneAsync<int?>(tenantId, "insert into platform.outbox_cursors (tenant_id, consumer) values (@tenantId, @name) on conflict do nothing", new { tenantId, name }, cancellationToken);
        var from = cursor ?? 0;
        var end = Math.Min(head, from + Window);
        var rows = await look.QueryAsync<OutboxRow>("""
            select o.id, s.sequence, o.type, o.occurred_at, o.resource_id, o.data::text as data, o.trace_parent
              from platform.outbox_sequence s join platform.outbox o on o.tenant_id = s.tenant_id and o.id = s.outbox_id
             where s.tenant_id = @tenantId and s.sequence > @from and s.sequence <= @end and (@types::text[] is null or o.type = any (@types)) order by s.sequence
            """, new { tenantId, from, end, types = Types?.ToArray() }, cancellationToken);
        return (from, end, head, rows.Select(row => row.ToMessage()).ToArray());
    }

    private async Task<Outcome> HandleAsync(Guid tenantId, long from, OutboxMessage[] together, CancellationToken cancellationToken)
    {
        try
        {
            await using var work = await database.BeginAsync(tenantId, cancellationToken);
            if (!await MoveAsync(work, from, together[^1].Sequence, cancellationToken)) return Outcome.Elsewhere;
            foreach (var message in together)
            {
                using var span = Traces.Continue(name, ActivityKind.Consumer, message.TraceParent)?.SetTag("admitone.message", message.Type);
                await HandleAsync(work, message, cancellationToken);
            }
            await work.CommitAsync(cancellationToken);
            metrics.Handled(name, together.Length);
            return Outcome.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception fault) when (!DatabaseFaults.IsTransient(fault))
        {
            if (together is not [var message]) return Outcome.Failed;
            metrics.Failed(name);
            await PutOffAsync(tenantId, from, message, fault, cancellationToken);
            return Outcome.PutOff;
        }
    }

    private async Task<bool> PassOverAsync(Guid tenantId, long from, long to, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (!await MoveAsync(work, from, to, cancellationToken)) return false;
        await work.CommitAsync(cancellationToken);
        return true;
    }

    // The row is the turnstile: who has it locked handles this tenant's next message, and nobody waits for it.
    private async Task<bool> MoveAsync(TenantWork work, long from, long to, CancellationToken cancellationToken) => await work.ExecuteAsync("""
        update platform.outbox_cursors c set sequence = @to, failures = 0, next_attempt_at = '-infinity', moved_at = clock_timestamp()
          from (select tenant_id, consumer from platform.outbox_cursors where tenant_id = @tenantId and consumer = @name and sequence = @from for update skip locked) mine
         where c.tenant_id = mine.tenant_id and c.consumer = mine.consumer
        """, new { tenantId = work.TenantId, name, from, to }, cancellationToken) == 1;

    private async Task PutOffAsync(Guid tenantId, long from, OutboxMessage message, Exception fault, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var failures = await work.FindAsync<int>("""
            update platform.outbox_cursors
               set failures = failures + 1, next_attempt_at = clock_timestamp() + least(power(2, least(failures, 10)), 300) * interval '1 second', moved_at = clock_timestamp()
             where tenant_id = @tenantId and consumer = @name and sequence = @from returning failures
            """, new { tenantId, name, from }, cancellationToken);
        await work.CommitAsync(cancellationToken);
        HandlingFailed(_logger, fault, name, message.Sequence, message.Type, tenantId, failures);
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        if (_lastMeasured is { } last && _clock.GetElapsedTime(last) < s_measured) return;
        var backlog = (await database.AskForAllTenantsAsync<Backlog>("select messages, oldest_seconds from platform.consumer_backlog(@name)", new { name }, cancellationToken))[0];
        metrics.Behind(name, backlog.Messages, backlog.OldestSeconds);
        _lastMeasured = _clock.GetTimestamp();
    }

    [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "{Consumer} failed at message {Sequence} ({Type}) of tenant {TenantId} for time {Failures}; it will be tried again, and what follows it waits")]
    private static partial void HandlingFailed(ILogger logger, Exception fault, string consumer, long sequence, string type, Guid tenantId, int failures);

    private enum Outcome
    {
        Done,

        /// <summary>Another replica is at it.</summary>
        Elsewhere,

        /// <summary>One of several, and nobody knows which.</summary>
        Failed,

        PutOff,
    }
}
