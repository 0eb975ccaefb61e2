using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;

namespace AdmitOne.Tickets.TicketTypes;

/// <summary>What this service knows of an event (view events.sale_window).</summary>
public sealed class EventFacts
{
    public Guid TenantId { get; init; }
    public Guid EventId { get; init; }
    public string Name { get; init; } = "";
    public string Status { get; init; } = "";
    public DateTimeOffset SalesStartAt { get; init; }
    public DateTimeOffset SalesEndAt { get; init; }
    public DateTimeOffset EndsAt { get; init; }

    /// <summary><c>anyone</c>, <c>account</c> or <c>verified_email</c>.</summary>
    public string BuyerPolicy { get; init; } = "anyone";

    /// <summary>Not shown to the public yet.</summary>
    public bool IsDraft => Status is "draft" or "review" or "approved";
}

/// <summary>Looks at an event for a reader: anybody may look at what the catalogue shows, a tenant's people also at their own.</summary>
public static class ReadableEvent
{
    public const string Select = "select tenant_id, event_id, name, status, sales_start_at, sales_end_at, ends_at, buyer_policy from events.sale_window where event_id = @eventId";

    /// <summary>A key of what is remembered of an event: managers apart, all of a tenant see the same, and so do all others.</summary>
    public static string KeyFor(Guid eventId, Caller? caller) => $"{eventId}:{(caller?.Role == Roles.Ops ? null : caller?.TenantId)}";

    /// <returns>What reads as the event's tenant, or null if this reader may not see such an event.</returns>
    public static async Task<(TenantLook Look, EventFacts Event)?> LookAsync(Database database, Guid eventId, Caller? caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        if (caller is not null && caller.Role != Roles.Ops)
        {
            var own = database.Look(caller.TenantId);
            if (await own.FindAsync<EventFacts>(Select, new { eventId }, cancellationToken) is { } found && (caller.IsManager || !found.IsDraft)) return (own, found);
        }
        return await database.LookIntoCatalogue().FindAsync<EventFacts>(Select, new { eventId }, cancellationToken) is { } shown ? (database.Look(shown.TenantId), shown) : null;
    }
}
