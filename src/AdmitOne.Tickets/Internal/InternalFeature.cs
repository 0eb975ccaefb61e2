using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Internal;

/// <summary>For an order service of the organiser's own: it takes the money, we keep the places and issue the tickets.</summary>
internal static class InternalFeature
{
    public const string Description = "A signed call, for the tenant that its signature names.";

    public static void MapInternal(this IEndpointRouteBuilder service)
    {
        var orders = service.MapGroup("/internal/tickets").WithTag("Internal", "For neighbouring services, by signature.").RequireSignedCall("order-service");
        LookForOrder.Map(orders);
        ReserveForOrder.Map(orders);
        SettleForOrder.Map(orders);
        ReadTicketStatus.Map(service.MapGroup("/internal/tickets").WithTag("Internal", "For neighbouring services, by signature.").RequireSignedCall("order-service", "event-service"));
    }
}
