using System.Diagnostics;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;
using AdmitOne.Platform.Workers;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>
/// Delivers what is in line, in order for each endpoint: what comes after a message that is not delivered waits. One replica at a time works
/// for an endpoint, by a lease on its row, and no transaction is open while it is called. Attempts go on for three days; then the message is
/// dead, the next one has its turn, and a manager can have it sent again.
/// </summary>
internal sealed partial class WebhookDeliveryWorker(Database database, SecretSeal seal, WebhookSender sender, WebhookMetrics metrics, TimeProvider clock, ILogger<WebhookDeliveryWorker> logger)
    : PeriodicWorker(TimeSpan.FromSeconds(1), clock, logger)
{
    private const int EndpointsAtOnce = 16;
    private const int InOneTurn = 50;
    private const int KeptPerEndpoint = 1000;

    // Seconds until the next attempt: quickly at first, and 71 hours in all, each by up to a fifth sooner or later.
    private static readonly int[] s_pauses = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 57_600, 57_600, 43_200];

    /// <summary>How many attempts a message gets before it is dead.</summary>
    public static int MaxAttempts => s_pauses.Length + 1;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        var due = await database.AskForAllTenantsAsync<Due>("select tenant_id, endpoint_id from tickets.endpoints_due(@EndpointsAtOnce)", new { EndpointsAtOnce }, cancellationToken);
        await Task.WhenAll(due.Select(one => WorkForAsync(one, cancellationToken)));
    }

    private async Task WorkForAsync(Due due, CancellationToken cancellationToken)
    {
        for (var turn = 0; turn < InOneTurn; turn++)
        {
            if (await TakeAsync(due, cancellationToken) is not { } next) return;
            var secrets = new[] { next.Secret, next.SecretPrevious }.OfType<string>().Select(secret => seal.Open(secret, EndpointSecrets.Of(due.TenantId, due.EndpointId))).OfType<string>().ToArray();
            using var span = Traces.Continue("webhook", ActivityKind.Producer, next.TraceParent)?.SetTag("admitone.attempt", next.Attempts + 1);
            var sent = secrets.Length == 0 ? new Sent(null, "Its secret was encrypted with a key that is gone: rotate it.") : await sender.SendAsync(next.Url, next.Body, next.MessageId, secrets, cancellationToken);
            if (!await NoteAsync(due, next, sent, cancellationToken)) return;
        }
    }

    /// <summary>Leases the endpoint for as long as one call can take, and finds the first in line if that is due.</summary>
    private async Task<Next?> TakeAsync(Due due, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(due.TenantId, cancellationToken);
        var next = await work.FindAsync<Next>("""
            with mine as (
                select id from tickets.webhook_endpoints where id = @EndpointId and enabled and leased_until < clock_timestamp() for update skip locked
            ), leased as (
                update tickets.webhook_endpoints e set leased_until = clock_timestamp() + interval '30 seconds' from mine where e.id = mine.id
                returning e.id, e.url, e.secret, case when e.secret_previous_until > clock_timestamp() then e.secret_previous end as secret_previous
            )
            select d.id, d.message_id, d.sequence, d.body, d.attempts, d.trace_parent, d.next_attempt_at <= clock_timestamp() as is_due, l.url, l.secret, l.secret_previous
              from leased l join tickets.webhook_deliveries d on d.endpoint_id = l.id and d.status = 'waiting' order by d.sequence limit 1
            """, new { due.EndpointId }, cancellationToken);
        if (next is not { IsDue: true }) return null;   // the lease goes with the transaction
        await work.CommitAsync(cancellationToken);
        return next;
    }

    /// <returns>Whether the next one has its turn.</returns>
    private async Task<bool> NoteAsync(Due due, Next next, Sent sent, CancellationToken cancellationToken)
    {
        var isDead = sent.Fault is not null && !sent.IsGone && next.Attempts + 1 >= MaxAttempts;
        var outcome = sent.Fault is null ? "delivered" : isDead ? "dead" : "waiting";
        var pause = s_pauses[Math.Min(next.Attempts, s_pauses.Length - 1)] * (0.8 + (0.4 * Random.Shared.NextDouble()));
        await using var work = await database.BeginAsync(due.TenantId, cancellationToken);
        await work.ExecuteAsync("""
            update tickets.webhook_deliveries set status = @outcome, attempts = attempts + 1, last_status = @Status, last_fault = @Fault,
                   next_attempt_at = clock_timestamp() + @pause * interval '1 second', finished_at = case when @outcome = 'waiting' then null else clock_timestamp() end
             where id = @Id;
            delete from tickets.webhook_deliveries where endpoint_id = @EndpointId and status = 'delivered' and sequence < @Sequence - @KeptPerEndpoint;
            update tickets.webhook_endpoints set leased_until = '-infinity' where id = @EndpointId;
            """, new { outcome, sent.Status, sent.Fault, pause, next.Id, due.EndpointId, next.Sequence, KeptPerEndpoint }, cancellationToken);
        if (sent.IsGone)
        {
            await work.ExecuteAsync("update tickets.webhook_endpoints set enabled = false, disabled_because = 'It answered 410 Gone.', version = version + 1 where id = @EndpointId",
                new { due.EndpointId }, cancellationToken);
        }
        await work.CommitAsync(cancellationToken);
        metrics.Answered(sent.Fault is null ? "delivered" : isDead ? "dead" : sent.IsGone ? "gone" : "failed");
        if (isDead) GaveUp(next.Id, due.EndpointId);
        return sent.Fault is null || isDead;
    }

    [LoggerMessage(EventId = 4901, Level = LogLevel.Warning, Message = "Webhook delivery {DeliveryId} to endpoint {EndpointId} was given up after three days")]
    private partial void GaveUp(Guid deliveryId, Guid endpointId);

    private sealed class Due
    {
        public Guid TenantId { get; init; }
        public Guid EndpointId { get; init; }
    }

    private sealed class Next
    {
        public Guid Id { get; init; }
        public Guid MessageId { get; init; }
        public long Sequence { get; init; }
        public string Body { get; init; } = "";
        public int Attempts { get; init; }
        public string? TraceParent { get; init; }
        public bool IsDue { get; init; }
        public string Url { get; init; } = "";
        public string Secret { get; init; } = "";
        public string? SecretPrevious { get; init; }
    }
}
