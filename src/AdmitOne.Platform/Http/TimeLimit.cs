using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
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
        var lifetime = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        using var limited = new LimitedLifetime(lifetime, _limit);
        context.Features.Set<IHttpRequestLifetimeFeature>(limited);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (limited.IsOver && !lifetime.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            context.Features.Set(lifetime);
            await ProblemWriter.WriteAsync(context, PlatformProblems.Overloaded.With(Said(context.Request.Method)) with { RetryAfterSeconds = 1 });
        }
        finally
        {
            context.Features.Set(lifetime);
        }
    }

    private static string Said(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method)
        ? "It took too long and was given up; try again."
        : "The answer did not come in time. The request may still be carried out: repeat it with the same Idempotency-Key, or look at what it changes before you repeat it.";

    /// <summary>Ends with its connection or after a while. Its clock starts when somebody first waits with its token: an answer from memory needs neither clock nor token.</summary>
    private sealed class LimitedLifetime(IHttpRequestLifetimeFeature connection, TimeSpan limit) : IHttpRequestLifetimeFeature, IDisposable
    {
        private CancellationTokenSource? _source;

        public bool IsOver => _source is { IsCancellationRequested: true };

        public CancellationToken RequestAborted
        {
            get => (_source ??= Begin()).Token;
            set => throw new NotSupportedException("A call's limit is not replaced.");
        }

        public void Abort() => connection.Abort();

        public void Dispose() => _source?.Dispose();

        private CancellationTokenSource Begin()
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(connection.RequestAborted);
            source.CancelAfter(limit);
            return source;
        }
    }
}
