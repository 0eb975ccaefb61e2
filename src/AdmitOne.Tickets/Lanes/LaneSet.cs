using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Tickets.Lanes;

/// <summary>
/// The lanes of this process for one kind of command. One lane owns an event, so that many requests for the same rows become one transaction
/// instead of a queue for their locks; several events share a lane. Other replicas have lanes of their own: the database's locks and checks
/// keep them all right.
/// </summary>
public abstract class LaneSet<TCommand>(Func<Lane<TCommand>> make) : BackgroundService where TCommand : LaneCommand
{
    private const int LaneCount = 4;

    private readonly Lane<TCommand>[] _lanes = Enumerable.Range(0, LaneCount).Select(_ => make()).ToArray();

    /// <returns>False when too much waits for this event already.</returns>
    private protected bool TryEnter(TCommand command)
    {
        command.BeginWaiting();
        return _lanes[(uint)command.EventId.GetHashCode() % LaneCount].TryEnter(command);
    }

    // What has entered a lane is finished even when the service stops: it may be a payment that has already been made.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        WorkInHand.Is(GetType().Name);
        await Task.WhenAll(_lanes.Select(lane => lane.RunAsync()));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var lane in _lanes) lane.Close();
        await base.StopAsync(cancellationToken);
        if (ExecuteTask is not null) await Task.WhenAny(ExecuteTask, Task.Delay(Timeout.Infinite, cancellationToken));
    }
}
