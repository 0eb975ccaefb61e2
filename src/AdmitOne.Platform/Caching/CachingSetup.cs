using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Caching;

public static class CachingSetup
{
    public static IServiceCollection AddReadThroughCache(this IServiceCollection services) =>
        services.AddSingleton<ReadThroughCache>().AddHostedService<NewsListener>();

    /// <summary>Hears of other replicas' changes from the start.</summary>
    private sealed class NewsListener(ChangeNews news) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => news.ListenAsync();

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
