using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Workers;

/// <summary>
/// A dull loop around one step. A step that fails is logged and tried again at the next beat; replicas may run the same step at the same time,
/// so each step must be right when another has just done it.
/// </summary>
/// <param name="bell">Calls for a step before the period is over.</param>
public abstract partial class PeriodicWorker(TimeSpan period, TimeProvider clock, ILogger logger, Bell? bell = null) : BackgroundService
{
    private DateTimeOffset? _lastSuccess;
    private long _failures;

    /// <summary>When a step last ended well, in UTC.</summary>
    public DateTimeOffset? LastSuccess => _lastSuccess;

    /// <summary>The longest pause between two steps.</summary>
    public TimeSpan Period => period;

    /// <summary>Steps that failed since the start.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Does what is due now and returns; it is called again after the period.</summary>
    protected abstract Task StepAsync(CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        WorkInHand.Is(GetType().Name);
        using var beat = new PeriodicTimer(period, clock);
        var rung = Task.CompletedTask;
        do
        {
            if (bell is not null) rung = bell.Next;   // before the step: what arrives during it is not lost
            try
            {
                await StepAsync(stoppingToken);
                _lastSuccess = clock.GetUtcNow();
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                Interlocked.Increment(ref _failures);
                StepFailed(logger, fault, GetType().Name);
            }
        }
        while (bell is null ? await NextBeatAsync(beat, stoppingToken) : await NextRingAsync(rung, stoppingToken));
    }

    private static async Task<bool> NextBeatAsync(PeriodicTimer beat, CancellationToken stoppingToken)
    {
        try
        {
            return await beat.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> NextRingAsync(Task rung, CancellationToken stoppingToken)
    {
        await rung.WaitAsync(period, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stoppingToken.IsCancellationRequested;
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "A step of {Worker} failed and will be tried again")]
    private static partial void StepFailed(ILogger logger, Exception fault, string worker);
}
