using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Internal;

internal static class InternalFeature
{
    public static void MapInternal(this IEndpointRouteBuilder service)
    {
        var events = service.MapGroup("/internal/events").WithTag("Internal", "For neighbouring services, by signature.").RequireSignedCall("order-service", "ticket-service", "event-service");
        ReadEventFacts.Map(events);
    }
}
