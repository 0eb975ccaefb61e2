using AdmitOne.Platform.Postgres;

namespace AdmitOne.Platform.Outbox;

/// <summary>A tenant's numbered messages, for whoever is not a consumer with a cursor of its own.</summary>
public static class OutboxReading
{
    /// <summary>The next messages after a number, in their order.</summary>
    public static async Task<IReadOnlyList<OutboxMessage>> ReadAsync(TenantWork work, long after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var rows = await work.QueryAsync<OutboxRow>("""
            select o.id, s.sequence, o.type, o.occurred_at, o.resource_id, o.data::text as data, o.trace_parent
              from platform.outbox_sequence s join platform.outbox o on o.tenant_id = s.tenant_id and o.id = s.outbox_id
             where s.tenant_id = @TenantId and s.sequence > @after order by s.sequence limit @limit
            """, new { work.TenantId, after, limit }, cancellationToken);
        return rows.Select(row => row.ToMessage()).ToArray();
    }

    /// <returns>0 when nothing was told yet.</returns>
    public static Task<long> NewestAsync(TenantWork work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work.FindAsync<long>("select sequence from platform.outbox_heads where tenant_id = @TenantId", new { work.TenantId }, cancellationToken);
    }
}
