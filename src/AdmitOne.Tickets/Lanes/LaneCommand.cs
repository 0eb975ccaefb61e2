namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// One wish about one event that waits in a lane. It is decided together with the others of its batch and answered only after that batch has
/// committed.
/// </summary>
public abstract class LaneCommand(Guid tenantId, Guid eventId)
{
    public Guid TenantId { get; } = tenantId;

    public Guid EventId { get; } = eventId;

    /// <summary>Its batch has committed: whoever waits is answered.</summary>
    internal abstract void Complete();

    /// <summary>It failed alone, and nothing of it was kept.</summary>
    internal abstract void Fail(Exception fault);
}
