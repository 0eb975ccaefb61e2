using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Purchases;

/// <summary>Turning holds into paid orders with tickets.</summary>
internal static class PurchasesFeature
{
    public static void AddPurchases(this IServiceCollection services)
    {
        services.AddSingleton<PurchaseMetrics>().AddSingleton<PaymentDesk>().AddHostedService<PaymentReconciler>();
    }

    public static void MapPurchases(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<PurchaseMetrics>();   // its counters exist, at 0, from the start
        var purchases = v1.MapGroup("/purchases").WithTag("Purchases", "Turning holds into paid orders with tickets.").RequireAuthorization(Policies.Customer);
        BuyTickets.Map(purchases);
        GiveTickets.Map(v1.MapGroup("/events/{eventId}").WithTags("Purchases").RequireAuthorization(Policies.VenueManager));
    }
}
