using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.OrderPages;

/// <summary>An order's page. The holder of its key may see and do what its owner may, for this order alone and without a token.</summary>
internal static class OrderPagesFeature
{
    public static void AddOrderPages(this IServiceCollection services) => services.AddSingleton<OrderPage>();

    public static void MapOrderPages(this IEndpointRouteBuilder v1)
    {
        var page = v1.MapGroup("/order-pages/{number}/{key}").WithTag("Order pages", "An order without a sign-in: its number and pageKey open it.").AllowAnonymous().WithRateTier(RateTier.Global);
        ShowOrderPage.Map(page);
        PageReceipt.Map(page);
        PageTicket.Map(page);
        PageRefund.Map(page);
    }
}
