using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Telemetry;

namespace AdmitOne.Platform.Outbox;

public static class TellExtensions
{
    /// <summary>
    /// Tells everybody who listens, once this transaction has committed, and nobody if it does not. Tell after the change was made: messages
    /// are numbered in the order of their telling, and what waited for a lock tells later than who held it.
    /// </summary>
    /// <param name="type">A word of <c>docs/messages.md</c>, such as <c>event.on_sale</c>; stable for ever.</param>
    /// <param name="data">Written as JSON in the API's style; no personal data, as it leaves to whoever the tenant names.</param>
    public static async Task TellAsync(this TenantWork work, string type, Guid resourceId, object data, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await work.ExecuteAsync("""
            insert into platform.outbox (tenant_id, id, type, resource_id, data, trace_parent)
            values (nullif(current_setting('app.tenant_id'), '')::uuid, @id, @type, @resourceId, @data::jsonb, @traceParent)
            """, new { id = Guid.CreateVersion7(), type, resourceId, data = JsonSerializer.Serialize(data, Json.Answers), traceParent = Traces.Parent }, cancellationToken);
        work.HasChanged(resourceId);
        work.WakeSequencer();
    }
}
