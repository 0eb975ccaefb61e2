using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Lanes;

/// <summary>Lanes of one kind of command, as metrics see them.</summary>
internal interface IMeasuredLanes
{
    /// <summary><c>stock</c> or <c>scans</c>.</summary>
    string Kind { get; }

    /// <summary>Of each lane: how long its oldest command without an answer has waited.</summary>
    IEnumerable<TimeSpan> OldestWaiting { get; }
}

/// <summary>
/// The lanes of this process for one kind of command. One lane owns an event, so that many requests for the same rows become one transaction
/// instead of a queue for their locks; several events share a lane. Other replicas have lanes of their own: the database's locks and checks
/// keep them all right.
/// </summary>
public abstract partial class LaneSet<TCommand>(string kind, Func<Lane<TCommand>> make, ILogger logger) : BackgroundService, IMeasuredLanes where TCommand : LaneCommand
{
    private const int LaneCount = 4;

    private readonly Lane<TCommand>[] _lanes = Enumerable.Range(0, LaneCount).Select(_ => make()).ToArray();
    private Task _all = Task.CompletedTask;
    private volatile bool _isClosed;

    string IMeasuredLanes.Kind => kind;

    IEnumerable<TimeSpan> IMeasuredLanes.OldestWaiting => _lanes.Select(lane => lane.OldestWaiting);

    /// <returns>False when too much waits for this event already.</returns>
    private protected bool TryEnter(TCommand command, bool stopsWaiting, CancellationToken cancellationToken)
    {
        command.BeginWaiting();
        if (!_lanes[(uint)command.EventId.GetHashCode() % LaneCount].TryEnter(command)) return false;
        command.CancelWith(stopsWaiting, cancellationToken);
        return true;
    }

    // What has entered a lane is finished even when the service stops: it may be a payment that has already been made.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        WorkInHand.Is(GetType().Name);
        var running = Array.ConvertAll(_lanes, lane => Task.Run(lane.RunAsync, CancellationToken.None));
        _all = Task.WhenAll(running);
        var first = await Task.WhenAny(running);
        if (_isClosed) await _all;
        else LaneEnded(first.Exception, kind);   // this task has ended, too, and the service says that it is not alive
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _isClosed = true;
        foreach (var lane in _lanes) lane.Close();
        await base.StopAsync(cancellationToken);
        await Task.WhenAny(_all, Task.Delay(Timeout.Infinite, cancellationToken));
    }

    [LoggerMessage(EventId = 4007, Level = LogLevel.Critical, Message = "A lane of {Kind} has ended: restart this process")]
    private partial void LaneEnded(Exception? fault, string kind);
}
