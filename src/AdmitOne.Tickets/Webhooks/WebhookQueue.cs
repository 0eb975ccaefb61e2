using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>Puts each numbered message in line at every endpoint that wants it, as the text that will be sent.</summary>
internal sealed class WebhookQueue(Database database, OutboxBells bells, OutboxMetrics metrics, TimeProvider clock, ILogger<WebhookQueue> logger)
    : OutboxConsumer("webhooks", database, bells, metrics, clock, logger)
{
    protected override IReadOnlyCollection<string>? Types => null;   // whatever there is: the endpoints choose

    protected override Task HandleAsync(TenantWork work, OutboxMessage message, CancellationToken cancellationToken) => work.ExecuteAsync("""
        insert into tickets.webhook_deliveries (tenant_id, id, endpoint_id, sequence, message_id, type, body, trace_parent)
        select e.tenant_id, gen_random_uuid(), e.id, @Sequence, @Id, @Type, @body, @traceParent
          from tickets.webhook_endpoints e where (e.types = '{}' or @Type = any (e.types)) and e.created_at <= @OccurredAt
        """, new
    {
        message.Sequence,
        message.Id,
        message.Type,
        message.OccurredAt,
        traceParent = Traces.Parent,
        body = JsonSerializer.Serialize(new { message.Id, message.Sequence, message.Type, message.OccurredAt, message.ResourceId, message.Data }, Json.Answers),
    }, cancellationToken);
}
