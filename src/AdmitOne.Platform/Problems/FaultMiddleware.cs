using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Platform.Problems;

/// <summary>
/// The one place where an exception becomes an answer: what the client caused is explained, a store that does not answer is 503,
/// everything else is a fault, logged once and answered 500 with nothing but its trace id. What was refused without a word, as for a path that
/// no route has, gets one here too.
/// </summary>
internal sealed partial class FaultMiddleware(RequestDelegate next, ILogger<FaultMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null, ContentType: null } bare && PlatformProblems.ForStatus(bare.StatusCode) is { } type)
                await ProblemWriter.WriteAsync(context, type.With($"{context.Request.Method} {context.Request.Path} cannot be answered like this; /docs lists the routes."));
        }
        catch (BadHttpRequestException fault) when (!context.Response.HasStarted)
        {
            await ProblemWriter.WriteAsync(context, UnreadableRequest.Explain(context, fault));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            ClientLeft();
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            if (DatabaseFaults.IsUnavailable(fault))
            {
                DatabaseAway(fault);
                await ProblemWriter.WriteAsync(context, PlatformProblems.DependencyUnavailable.With("The database does not answer; try again.") with { RetryAfterSeconds = 1 });
                return;
            }
            if (DatabaseFaults.IsCollision(fault))
            {
                LostToAnother(fault);
                await ProblemWriter.WriteAsync(context, PlatformProblems.Overloaded.With("Others change the same just now; try again in a moment.") with { RetryAfterSeconds = 1 });
                return;
            }
            if (fault is OutOfMemoryException)
            {
                NoMemory(fault);
                await ProblemWriter.WriteAsync(context, PlatformProblems.Overloaded.With("This service has no memory left for it; try again in a moment.") with { RetryAfterSeconds = 1 });
                return;
            }
            Fault(fault, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "no route");
            await ProblemWriter.WriteAsync(context, PlatformProblems.InternalError.With("The fault was logged under this trace id."));
        }
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "Unhandled fault in {Method} {Route}")]
    private partial void Fault(Exception fault, string method, string route);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "The database does not answer")]
    private partial void DatabaseAway(Exception fault);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Warning, Message = "A transaction lost to another one")]
    private partial void LostToAnother(Exception fault);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Error, Message = "There was no memory for a request")]
    private partial void NoMemory(Exception fault);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Debug, Message = "The client went away before its answer")]
    private partial void ClientLeft();
}
