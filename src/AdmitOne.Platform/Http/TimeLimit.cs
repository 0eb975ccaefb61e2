using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Http;

/// <summary>
/// Gives up what takes too long: its cancellation token is cancelled, and what its transaction had begun is undone. A route that streams says
/// <c>DisableRequestTimeout()</c>.
/// </summary>
internal sealed class TimeLimit(RequestDelegate next, IOptions<HttpOptions> options)
{
    private readonly TimeSpan _limit = TimeSpan.FromSeconds(options.Value.RequestTimeoutSeconds);

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<DisableRequestTimeoutAttribute>() is not null)
        {
            await next(context);
            return;
        }
        var aborted = context.RequestAborted;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(_limit);
        context.RequestAborted = limit.Token;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !aborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            context.RequestAborted = aborted;
            await ProblemWriter.WriteAsync(context, PlatformProblems.Overloaded.With("It took too long and was given up; try again.") with { RetryAfterSeconds = 1 });
        }
        finally
        {
            context.RequestAborted = aborted;
        }
    }
}
