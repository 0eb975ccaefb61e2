using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Webhooks;

/// <summary>Which webhooks have come. Only verified ones are written down, under the tenant that their content belongs to.</summary>
public static class WebhookReceipts
{
    /// <summary>
    /// Does a webhook's effect unless it was done before. The id is written down first and marked as handled after the effect, so that a message
    /// whose handling was cut short is handled when it is repeated; the effect itself must bear that.
    /// </summary>
    /// <param name="webhook">Who sends, what they call the message, and its type: ids are unique within one sender.</param>
    /// <returns>False if it had been handled: answer 200 all the same.</returns>
    public static async Task<bool> OnceAsync(Database database, Guid tenantId, (string Source, string Id, string Type) webhook, Func<Task> effect)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(effect);
        await using (var work = await database.BeginAsync(tenantId, CancellationToken.None))
        {
            var isNew = await work.ReceiveAsync(tenantId, webhook, CancellationToken.None);
            await work.CommitAsync(CancellationToken.None);
            if (!isNew) return false;
        }
        await effect();
        await using var done = await database.BeginAsync(tenantId, CancellationToken.None);
        await done.HandledAsync((webhook.Source, webhook.Id), CancellationToken.None);
        await done.CommitAsync(CancellationToken.None);
        return true;
    }

    /// <summary>Writes down that a webhook came, for an effect in the same transaction. Two that come at once queue here until the first is committed.</summary>
    /// <returns>False if it has been handled before: do nothing.</returns>
    public static async Task<bool> ReceiveAsync(this TenantWork work, Guid tenantId, (string Source, string Id, string Type) webhook, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var one = new { tenantId, webhook.Source, webhook.Id, webhook.Type };
        await work.ExecuteAsync("insert into platform.webhook_receipts (tenant_id, source, id, type) values (@tenantId, @Source, @Id, @Type) on conflict do nothing", one, cancellationToken);
        return await work.FindAsync<bool>("select handled_at is null from platform.webhook_receipts where source = @Source and id = @Id", one, cancellationToken);
    }

    /// <summary>Says that all of its effect is there: in the same transaction as the effect, or after it.</summary>
    public static Task HandledAsync(this TenantWork work, (string Source, string Id) webhook, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work.ExecuteAsync("update platform.webhook_receipts set handled_at = clock_timestamp() where source = @Source and id = @Id and handled_at is null",
            new { webhook.Source, webhook.Id }, cancellationToken);
    }
}
