using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Events.Catalogue;

internal static class CatalogueFeature
{
    public static IServiceCollection AddCatalogue(this IServiceCollection services) => services.AddSingleton<Categories>();

    public static void MapCatalogue(this IEndpointRouteBuilder v1)
    {
        var catalogue = v1.MapGroup("").WithTags("Catalogue");
        ListEvents.Map(catalogue);
        ListVenueEvents.Map(catalogue);
        ListCategories.Map(catalogue);
    }
}
