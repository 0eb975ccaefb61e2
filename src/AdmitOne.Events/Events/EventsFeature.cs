using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Events.Events;

internal static class EventsFeature
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services
        .AddSingleton<EventMetrics>()
        .AddSingleton<IValidateOptions<ServiceOptions>, TimeZonesInstalled>();

    public static void MapEvents(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<EventMetrics>();   // its counters exist, at 0, from the start
        var events = v1.MapGroup("/events").WithTag("Events", "What is put on, when and where.");
        CreateEvent.Map(events);
        FindEvent.Map(events);
        ChangeEvent.Map(events);
        RemoveEvent.Map(events);
        CopyEvent.Map(v1);
    }
}
