using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Http;

/// <summary>Work of a request that must come to its end even when the request's time is over.</summary>
public static partial class LateWork
{
    /// <summary>Waits for the work until the request's time is over. The work then goes on; what it throws after that is logged. It must not use the request's context.</summary>
    /// <exception cref="OperationCanceledException">The time is over, or the client has left.</exception>
    public static async Task<T> WithinAsync<T>(Task<T> work, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            return await work.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (!work.IsCompleted)
        {
            _ = work.ContinueWith(late => Failed(logger, late.Exception!.GetBaseException()), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }

    [LoggerMessage(EventId = 1004, Level = LogLevel.Warning, Message = "Work that had gone on after its request's time failed")]
    private static partial void Failed(ILogger logger, Exception fault);
}
