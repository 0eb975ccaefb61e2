using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Administration;

/// <summary>What an administrator does: take tokens out of use.</summary>
internal static class AdministrationFeature
{
    public static void MapAdministration(this IEndpointRouteBuilder v1)
    {
        var admin = v1.MapGroup("/admin").WithTag("Administration", "Tokens that are not accepted any more.");
        RevokeToken.Map(admin);
    }
}
