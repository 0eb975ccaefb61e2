using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Events.Catalogue;

internal static class CatalogueFeature
{
    public static IServiceCollection AddCatalogue(this IServiceCollection services) => services.AddReadThroughCache().AddCatalogueWatch().AddSingleton<Categories>();

    public static void MapCatalogue(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<CacheMetrics>();   // its counters exist, at 0, from the start
        var catalogue = v1.MapGroup("").WithTag("Catalogue", "Finding events, of all organisers.");
        ListEvents.Map(catalogue);
        ListVenueEvents.Map(catalogue);
        ListCategories.Map(catalogue);
        AddCategory.Map(catalogue);
        ChangeCategory.Map(catalogue);
        RemoveCategory.Map(catalogue);
    }
}
