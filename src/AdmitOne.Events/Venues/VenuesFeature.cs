using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Events.Venues;

internal static class VenuesFeature
{
    public static IServiceCollection AddVenues(this IServiceCollection services)
    {
        services.AddCheckedOptions<VenueOptions, VenueOptionsAnnotations>();
        services.AddSingleton<IValidateOptions<VenueOptions>, VenueOptionsRules>();
        services.AddSingleton<VenueMetrics>().AddBreaker(VenuePatience.Neighbour).AddSingleton<VenuePatience>();
        services.AddHttpClient<VenuesClient>((provider, http) =>
            {
                http.BaseAddress = new Uri(provider.GetRequiredService<IOptions<VenueOptions>>().Value.Url.TrimEnd('/') + "/");
                http.MaxResponseContentBufferSize = 64 * 1024;
                http.Timeout = Timeout.InfiniteTimeSpan;   // VenuePatience bounds each attempt and all of them
            })
            .AddHttpMessageHandler(provider => ActivatorUtilities.CreateInstance<SigningHandler>(provider, EventsService.Definition.Name))
            .MeteredAs("venues", provider => provider.GetRequiredKeyedService<Breaker>(VenuePatience.Neighbour).State.CircuitState);
        return services;
    }

    /// <summary>There are no routes of its own; its counters exist, at 0, from the start.</summary>
    public static void UseVenues(this IApplicationBuilder app) => app.ApplicationServices.GetRequiredService<VenueMetrics>();
}
