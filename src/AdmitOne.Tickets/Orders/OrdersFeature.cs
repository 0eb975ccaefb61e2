using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Orders;

/// <summary>What was bought.</summary>
internal static class OrdersFeature
{
    public static void MapOrders(this IEndpointRouteBuilder v1)
    {
        var orders = v1.MapGroup("/orders").WithTag("Orders", "What was bought.").RequireAuthorization(Policies.Customer);
        ListOrders.Map(orders);
        FindOrder.Map(orders);
    }
}
