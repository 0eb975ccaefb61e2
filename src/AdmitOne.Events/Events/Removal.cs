using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AdmitOne.Events.Events;

/// <summary>How a removal ends, whatever was removed.</summary>
public static class Removal
{
    /// <summary>Writes it, after it was told, into the audit log, and commits.</summary>
    public static async Task<NoContent> FinishAsync(TenantWork work, Actor actor, AuditEntry audit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await work.AuditAsync(actor, audit, cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
