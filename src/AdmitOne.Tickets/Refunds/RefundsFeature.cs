using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Refunds;

/// <summary>Giving tickets back, and sending the money.</summary>
internal static class RefundsFeature
{
    public static void AddRefunds(this IServiceCollection services) => services.AddSingleton<RefundMetrics>().AddSingleton<ProviderRefunds>().AddHostedService<RefundWorker>();

    public static void MapRefunds(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<RefundMetrics>();   // its counters exist, at 0, from the start
        var refunds = v1.MapGroup("/orders/{id}/refunds").WithTag("Refunds", "Giving tickets back.").RequireAuthorization(Policies.Customer);
        RequestRefund.Map(refunds);
        RetryRefund.Map(refunds);
    }
}
