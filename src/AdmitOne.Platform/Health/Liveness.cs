using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Health;

/// <summary>Whether everything that must run as long as the process does still runs: the lanes, the workers, the consumers.</summary>
internal sealed class Liveness(IServiceProvider services, IHostApplicationLifetime lifetime)
{
    // Not before it is asked: a hosted service may need what asks.
    private readonly Lazy<BackgroundService[]> _loops = new(() => [.. services.GetServices<IHostedService>().OfType<BackgroundService>()]);

    /// <summary>The name of a loop that has ended although the service does not stop; null if none has.</summary>
    public string? EndedLoop => !lifetime.ApplicationStarted.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested ? null
        : _loops.Value.FirstOrDefault(loop => loop.ExecuteTask is { IsCompleted: true })?.GetType().Name;
}
