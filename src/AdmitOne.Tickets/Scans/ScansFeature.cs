using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Scans;

/// <summary>The door: who is let in, once.</summary>
internal static class ScansFeature
{
    public static void AddScans(this IServiceCollection services) => services.AddSingleton<ScanMetrics>();

    public static void MapScans(this IEndpointRouteBuilder v1) => AdmitTicket.Map(v1.MapGroup("/scans").WithTags("Scans").RequireAuthorization(Policies.VenueStaff));
}
