using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Cancellations;

/// <summary>What a cancelled event leaves to be done: every ticket void, every order refunded, however often we are interrupted.</summary>
internal static class CancellationsFeature
{
    public static void AddCancellations(this IServiceCollection services) => services
        .AddSingleton<CancellationMetrics>().AddSingleton<VoidOrders>().AddHostedService<HearCancellation>().AddHostedService<CancellationWorker>();

    public static void MapCancellations(this IEndpointRouteBuilder service)
    {
        service.ServiceProvider.GetRequiredService<CancellationMetrics>();   // its counters exist, at 0, from the start
        var events = service.MapGroup("/internal/events").WithTag("Internal", "For neighbouring services, by signature.").RequireSignedCall("event-service", "order-service");
        ReadCancellation.Map(events);
    }
}
