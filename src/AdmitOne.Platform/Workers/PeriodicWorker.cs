using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Workers;

/// <summary>
/// A dull loop around one step. A step that fails is logged and tried again at the next beat; replicas may run the same step at the same time,
/// so each step must be right when another has just done it.
/// </summary>
public abstract partial class PeriodicWorker(TimeSpan period, TimeProvider clock, ILogger logger) : BackgroundService
{
    private DateTimeOffset? _lastSuccess;

    /// <summary>When a step last ended well, in UTC.</summary>
    public DateTimeOffset? LastSuccess => _lastSuccess;

    /// <summary>Does what is due now and returns; it is called again after the period.</summary>
    protected abstract Task StepAsync(CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var beat = new PeriodicTimer(period, clock);
        do
        {
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
                StepFailed(logger, fault, GetType().Name);
            }
        }
        while (await NextBeatAsync(beat, stoppingToken));
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

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "A step of {Worker} failed and will be tried again")]
    private static partial void StepFailed(ILogger logger, Exception fault, string worker);
}
