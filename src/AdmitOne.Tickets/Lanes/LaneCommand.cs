using System.Diagnostics;
using AdmitOne.Platform.Telemetry;

namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// One wish about one event that waits in a lane. It is decided together with the others of its batch and answered only after that batch has
/// committed.
/// </summary>
public abstract class LaneCommand(Guid tenantId, Guid eventId)
{
    private const int Queued = 0;
    private const int Begun = 1;
    private const int Withdrawn = 2;

    private int _state = Queued;
    private CancellationTokenRegistration _cancellation;

    public Guid TenantId { get; } = tenantId;

    public Guid EventId { get; } = eventId;

    /// <summary>What stands in its trace while it waits; null if that is not recorded.</summary>
    internal Activity? Waiting { get; private set; }

    internal string? TraceParent => Waiting?.Id;

    /// <summary>When it entered its lane, as <see cref="TimeProvider.GetTimestamp"/> counts.</summary>
    internal long EnteredAt { get; set; }

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

    /// <summary>Takes the command out of its lane when the token is cancelled, unless its batch has begun by then. Call it once, after the command has entered.</summary>
    /// <param name="stopsWaiting">Whether the caller's task is cancelled even if the batch has begun; the command is then carried out without the caller.</param>
    /// <param name="cancellationToken">The caller's time limit.</param>
    internal void CancelWith(bool stopsWaiting, CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled) return;
        _cancellation = stopsWaiting
            ? cancellationToken.UnsafeRegister(static (command, token) => ((LaneCommand)command!).Cancel(stopsWaiting: true, token), this)
            : cancellationToken.UnsafeRegister(static (command, token) => ((LaneCommand)command!).Cancel(stopsWaiting: false, token), this);
    }

    /// <summary>Becomes part of a batch.</summary>
    /// <returns>False if it was withdrawn.</returns>
    internal bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Queued) == Queued;

    /// <summary>Its batch has committed: whoever waits is answered.</summary>
    internal void Complete()
    {
        _cancellation.Unregister();
        Answer();
    }

    /// <summary>It failed, and its caller gets the fault.</summary>
    internal void Fail(Exception fault)
    {
        _cancellation.Unregister();
        Answer(fault);
    }

    /// <summary>Gives what was decided to who waits for it.</summary>
    private protected abstract void Answer();

    /// <summary>Gives the fault to who waits.</summary>
    private protected abstract void Answer(Exception fault);

    /// <summary>Ends the waiting: the time of who waits is over.</summary>
    private protected abstract void Answer(CancellationToken cancelled);

    private void Cancel(bool stopsWaiting, CancellationToken cancellationToken)
    {
        var isWithdrawn = Interlocked.CompareExchange(ref _state, Withdrawn, Queued) == Queued;
        if (isWithdrawn) EndWaiting(null, new OperationCanceledException(cancellationToken));
        if (isWithdrawn || stopsWaiting) Answer(cancellationToken);
    }
}
