using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Administration;

/// <summary>What an administrator does: take tokens out of use, and, the platform's own, keep the organisers.</summary>
internal static class AdministrationFeature
{
    public static IServiceCollection AddAdministration(this IServiceCollection services) => services.AddHostedService<TenantErasureWorker>();

    public static void MapAdministration(this IEndpointRouteBuilder v1)
    {
        var admin = v1.MapGroup("/admin").WithTag("Administration", "Tokens that are not accepted any more, and the organisers of the platform.");
        RevokeToken.Map(admin);
        KeepTenants.Map(admin.MapGroup("/tenants").RequireAuthorization(Policies.PlatformAdmin));
    }
}
