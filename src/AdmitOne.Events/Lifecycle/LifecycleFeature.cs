using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Events.Lifecycle;

/// <summary>From a draft to the end of an event: moved by managers, by the clock, and by what is left to sell.</summary>
internal static class LifecycleFeature
{
    public static IServiceCollection AddLifecycle(this IServiceCollection services)
    {
        services.AddCheckedOptions<TicketServiceOptions, TicketServiceOptionsAnnotations>();
        services.AddSingleton<IValidateOptions<TicketServiceOptions>, TicketServiceOptionsRules>();
        services.AddBreaker(TicketServicePatience.Neighbour).AddSingleton<TicketServicePatience>();
        services.AddHttpClient<CancellationClient>((provider, http) =>
            {
                http.BaseAddress = new Uri(provider.GetRequiredService<IOptions<TicketServiceOptions>>().Value.Url.TrimEnd('/') + "/");
                http.MaxResponseContentBufferSize = 64 * 1024;
                http.Timeout = Timeout.InfiniteTimeSpan;   // TicketServicePatience bounds each attempt and all of them
            })
            .AddHttpMessageHandler(provider => ActivatorUtilities.CreateInstance<SigningHandler>(provider, EventsService.Definition.Name))
            .MeteredAs("tickets", provider => provider.GetRequiredKeyedService<Breaker>(TicketServicePatience.Neighbour).State.CircuitState);
        return services.AddSingleton<LifecycleMetrics>().AddHostedService<MoveByClock>().AddHostedService<EventCount>().AddHostedService<FollowStock>();
    }

    public static void MapLifecycle(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<LifecycleMetrics>();   // its counters exist, at 0, from the start
        var ofEvent = v1.MapGroup("/events/{id}").WithTag("Lifecycle", "From a draft to the end of an event, state by state.");
        var transitions = ofEvent.MapGroup("/transitions");
        MoveEvent.Map(transitions);
        ListMoves.Map(transitions);
        ShowCancellation.Map(ofEvent);
    }
}
