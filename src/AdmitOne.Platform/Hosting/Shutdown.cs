using AdmitOne.Platform.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Hosting;

/// <summary>
/// How a process leaves without anybody noticing: from the signal on readiness says 503 while everything is still answered, so that balancers
/// take their requests elsewhere; then the listener closes, and what is in flight is finished.
/// </summary>
internal static class Shutdown
{
    /// <summary>The most that requests in flight get after the wait; both together stay within 25 s.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(20);

    /// <summary>Returns when the process was told to stop and balancers have had <c>SHUTDOWN_WAIT_SECONDS</c> to see it.</summary>
    public static async Task WhenLeftAloneAsync(WebApplication app)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var _ = app.Lifetime.ApplicationStopping.Register(() => told.TrySetResult());
        await told.Task;
        await Task.Delay(TimeSpan.FromSeconds(app.Services.GetRequiredService<IOptions<ServiceOptions>>().Value.ShutdownWaitSeconds));
    }

    /// <summary>Asks each connection that still brings requests to go: a client that keeps one would find it closed under its next request.</summary>
    public static void UseGoodbye(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping;
        app.Use((context, next) =>
        {
            if (stopping.IsCancellationRequested) context.Response.Headers.Connection = "close";
            return next(context);
        });
    }
}
