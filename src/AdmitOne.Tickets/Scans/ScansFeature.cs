using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Scans;

/// <summary>The door: who is let in, once.</summary>
internal static class ScansFeature
{
    public static void AddScans(this IServiceCollection services) => services.AddSingleton<ScanMetrics>();

    public static void MapScans(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<ScanMetrics>();   // its counters exist, at 0, from the start
        AdmitTicket.Map(v1.MapGroup("/scans").WithTag("Scans", "The door: who is let in, once.").RequireAuthorization(Policies.VenueStaff));
    }
}
