using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Lanes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Inventory;

/// <summary>The stock: the lanes that move it, and the recount that proves it.</summary>
internal static class InventoryFeature
{
    public static void AddInventory(this IServiceCollection services) =>
        services.AddCheckedOptions<InventoryOptions, InventoryOptionsValidator>()
            .AddSingleton<InventoryMetrics>().AddSingleton<LaneMetrics>().AddSingleton<StockNews>().AddSingleton<EventLanes>()
            .AddHostedService(provider => provider.GetRequiredService<EventLanes>()).AddHostedService<LaneBatchSweeper>().AddHostedService<InventoryWatch>();

    public static void MapInventory(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<InventoryMetrics>();   // its counters exist, at 0, from the start
        v1.ServiceProvider.GetRequiredService<LaneMetrics>();
        VerifyInventory.Map(v1.MapGroup("/admin").WithTag("Administration", "For those who run it.").RequireAuthorization(Policies.AdminOrOps));
    }
}
