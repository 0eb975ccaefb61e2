using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Webhooks;

/// <summary>Webhooks that were acted on. A sender may repeat one until it has been answered; what was done is not done again.</summary>
public static class WebhookReceipts
{
    /// <summary>Notes a webhook in the transaction that acts on it.</summary>
    /// <param name="webhook">Who sends it, such as <c>minting</c>, its id, and its type.</param>
    /// <returns>False if it was noted before: answer it as then, and do nothing.</returns>
    public static async Task<bool> TryNoteAsync(TenantWork work, (string Source, string Id, string Type) webhook, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return await work.ExecuteAsync("""
            insert into platform.webhook_receipts (tenant_id, source, id, type) values (nullif(current_setting('app.tenant_id'), '')::uuid, @Source, @Id, @Type)
            on conflict do nothing
            """, new { webhook.Source, webhook.Id, webhook.Type }, cancellationToken) == 1;
    }
}
