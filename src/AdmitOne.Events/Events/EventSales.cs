using AdmitOne.Platform.Postgres;

namespace AdmitOne.Events.Events;

/// <summary>How far the sale of an event has come, as the Ticket Service counts it.</summary>
public sealed record EventSales
{
    public int Types { get; init; }
    public int Quantity { get; init; }
    public int Held { get; init; }
    public int Sold { get; init; }

    /// <summary>The database's clock, read with the counts.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>Somebody relies on what the event says: tickets are sold, or being bought this moment.</summary>
    public bool HaveBegun => Held + Sold > 0;

    /// <summary>Where the counts decide something, the event's gate is entered exclusively first.</summary>
    public static async Task<EventSales> ReadAsync(TenantWork work, Guid tenantId, Guid eventId, CancellationToken cancellationToken) =>
        (await work.FindAsync<EventSales>("select types, quantity, held, sold, clock_timestamp() as now from tickets.event_stock(@tenantId, @eventId)",
            new { tenantId, eventId }, cancellationToken))!;

    /// <summary>Whether anybody ever ordered, even if all was given back since.</summary>
    public static Task<bool> HaveOrdersAsync(TenantWork work, Guid tenantId, Guid eventId, CancellationToken cancellationToken) =>
        work.FindAsync<bool>("select tickets.event_has_orders(@tenantId, @eventId)", new { tenantId, eventId }, cancellationToken);
}
