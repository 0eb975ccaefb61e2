using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Events.Lifecycle;

internal static class LifecycleFeature
{
    public static IServiceCollection AddLifecycle(this IServiceCollection services) => services.AddSingleton<LifecycleMetrics>();

    public static void MapLifecycle(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<LifecycleMetrics>();   // its counters exist, at 0, from the start
        var transitions = v1.MapGroup("/events/{id}/transitions").WithTag("Lifecycle", "From a draft to the end of an event, state by state.");
        MoveEvent.Map(transitions);
        ListMoves.Map(transitions);
    }
}
