using System.Text.Json;
using AdmitOne.Events.Lifecycle;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>What is told of an event's text, times and policies; docs/messages.md lists it.</summary>
internal static class EventMessages
{
    public static Task CreatedAsync(TenantWork work, EventBody made, CancellationToken cancellationToken) =>
        TellAsync(work, made, "event.created", new { made.Slug, made.Name, status = made.Status.Word(), made.StartsAt }, cancellationToken);

    public static Task ChangedAsync(TenantWork work, EventBody before, EventBody after, IReadOnlyList<string> changed, CancellationToken cancellationToken) =>
        TellAsync(work, after, "event.changed", new { after.Version, changed }, cancellationToken);

    public static Task DeletedAsync(TenantWork work, EventBody gone, CancellationToken cancellationToken) =>
        TellAsync(work, gone, "event.deleted", new { gone.Slug }, cancellationToken);

    private static Task<int> TellAsync(TenantWork work, EventBody of, string type, object data, CancellationToken cancellationToken) => work.ExecuteAsync("""
        insert into platform.outbox (tenant_id, id, type, resource_id, data) values (@TenantId, @messageId, @type, @Id, @data::jsonb)
        """, new { of.TenantId, messageId = Guid.CreateVersion7(), type, of.Id, data = JsonSerializer.Serialize(data, Json.Answers) }, cancellationToken);
}
