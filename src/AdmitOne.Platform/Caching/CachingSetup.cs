using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.Platform.Caching;

public static class CachingSetup
{
    public static IServiceCollection AddReadThroughCache(this IServiceCollection services) =>
        services.AddSingleton<ReadThroughCache>().AddHostedService<NewsListener>();

    /// <summary>Hears of every change of the catalogue from PostgreSQL itself, so that what did not change need not be read again.</summary>
    public static IServiceCollection AddCatalogueWatch(this IServiceCollection services) => services.AddHostedService<CatalogueWatch>();

    /// <summary>Hears of other replicas' changes from the start.</summary>
    private sealed class NewsListener(ChangeNews news) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => news.ListenAsync();

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
