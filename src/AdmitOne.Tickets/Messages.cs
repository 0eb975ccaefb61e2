using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets;

internal static class TransferMessages
{
    public static Task TellAsync(this TenantWork work, string type, Guid resourceId, object data, CancellationToken cancellationToken) => work.ExecuteAsync("""
        insert into platform.outbox (tenant_id, id, type, resource_id, data) values (current_setting('app.tenant_id')::uuid, @id, @type, @resourceId, @data::jsonb)
        """, new { id = Guid.CreateVersion7(), type, resourceId, data = JsonSerializer.Serialize(data, Json.Answers) }, cancellationToken);
}
