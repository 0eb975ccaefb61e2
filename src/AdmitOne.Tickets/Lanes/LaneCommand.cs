using System.Diagnostics;
using AdmitOne.Platform.Telemetry;

namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// One wish about one event that waits in a lane. It is decided together with the others of its batch and answered only after that batch has
/// committed.
/// </summary>
public abstract class LaneCommand(Guid tenantId, Guid eventId)
{
    public Guid TenantId { get; } = tenantId;

    public Guid EventId { get; } = eventId;

    /// <summary>What stands in its trace while it waits; null if that is not recorded.</summary>
    internal Activity? Waiting { get; private set; }

    internal string? TraceParent => Waiting?.Id;

    // It begins here and ends in the lane: neither place's own activity may be changed by that.
    internal void BeginWaiting()
    {
        if (!Traces.Source.HasListeners() || Activity.Current is not { Recorded: true } around) return;
        Waiting = Traces.Source.StartActivity(GetType().Name.Split('`')[0]);
        Activity.Current = around;
    }

    /// <summary>Shows in its trace which batch it became part of, and what became of that.</summary>
    internal void EndWaiting(Activity? batch, Exception? fault)
    {
        if (Waiting is not { } waiting) return;
        if (batch is not null) waiting.AddLink(new ActivityLink(batch.Context));
        if (fault is not null) waiting.SetStatus(ActivityStatusCode.Error, fault.GetType().Name);
        var around = Activity.Current;
        waiting.Stop();
        Activity.Current = around;
    }

    /// <summary>Its batch has committed: whoever waits is answered.</summary>
    internal abstract void Complete();

    /// <summary>It failed alone, and nothing of it was kept.</summary>
    internal abstract void Fail(Exception fault);
}
