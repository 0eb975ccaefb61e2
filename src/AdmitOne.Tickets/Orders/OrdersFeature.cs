using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Orders;

/// <summary>What was bought.</summary>
internal static class OrdersFeature
{
    public static void AddOrders(this IServiceCollection services) => services.AddSingleton<SalesReports>().AddSingleton<OrderPageKeys>().AddSingleton<OrderReading>();

    public static void MapOrders(this IEndpointRouteBuilder v1)
    {
        var orders = v1.MapGroup("/orders").WithTag("Orders", "What was bought.").RequireAuthorization(Policies.Customer);
        ListOrders.Map(orders);
        ClaimOrders.Map(orders);
        FindOrder.Map(orders);
        ShowReceipt.Map(orders);
        CancelOrder.Map(orders);
        var ofEvent = v1.MapGroup("/events/{eventId}").WithTag("Orders", "What was bought.").RequireAuthorization(Policies.VenueManager);
        ShowSales.Map(ofEvent);
        ExportOrders.Map(ofEvent);
    }
}
