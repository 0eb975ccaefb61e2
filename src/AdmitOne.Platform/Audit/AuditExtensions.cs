using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Audit;

/// <summary>What was done to what.</summary>
/// <param name="Action">Resource and verb, such as <c>event.create</c>.</param>
/// <param name="ResourceType">Such as <c>event</c>.</param>
/// <param name="Before">What it was, or what of it changed; null for something new.</param>
/// <param name="After">What it is now; null for something gone.</param>
public sealed record AuditEntry(string Action, string ResourceType, Guid ResourceId, object? Before, object? After);

public static class AuditExtensions
{
    /// <summary>Notes it in the transaction that does it. The row is sealed into its tenant's chain within a second or two of the commit.</summary>
    public static Task AuditAsync(this TenantWork work, Actor actor, AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(entry);
        work.HasChanged(entry.ResourceId);
        return work.ExecuteAsync("""
            insert into platform.audit_log (tenant_id, id, actor_kind, actor_id, actor_name, client_address, request_id, action, resource_type, resource_id, before, after)
            values (nullif(current_setting('app.tenant_id'), '')::uuid, @id, @kind, @actorId, @actorName, @ClientAddress, @RequestId, @Action, @ResourceType, @ResourceId,
                    @before::jsonb, @after::jsonb)
            """, new
        {
            id = Guid.CreateVersion7(),
            kind = JsonNamingPolicy.SnakeCaseLower.ConvertName(actor.Kind.ToString()),
            actorId = actor.Id,
            actorName = actor.Name,
            actor.ClientAddress,
            actor.RequestId,
            entry.Action,
            entry.ResourceType,
            entry.ResourceId,
            before = Text(entry.Before),
            after = Text(entry.After),
        }, cancellationToken);
    }

    private static string? Text(object? value) => value is null ? null : JsonSerializer.Serialize(value, Json.Answers);
}
