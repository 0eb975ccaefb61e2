using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Events.Catalogue;

internal static class CatalogueFeature
{
    public static IServiceCollection AddCatalogue(this IServiceCollection services) => services.AddSingleton<Categories>();

    public static void MapCatalogue(this IEndpointRouteBuilder v1)
    {
        var catalogue = v1.MapGroup("").WithTag("Catalogue", "Finding events, of all organisers.");
        ListEvents.Map(catalogue);
        ListVenueEvents.Map(catalogue);
        ListCategories.Map(catalogue);
        AddCategory.Map(catalogue);
        ChangeCategory.Map(catalogue);
        RemoveCategory.Map(catalogue);
    }
}
