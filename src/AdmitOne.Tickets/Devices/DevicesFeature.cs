using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Devices;

/// <summary>Scanners, each with a credential of its own, so that a lost one is taken out of service and nobody else is.</summary>
internal static class DevicesFeature
{
    public static void AddDevices(this IServiceCollection services)
    {
        services.AddSingleton<KnownDevices>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, DeviceCredentials>(Policies.DeviceScheme, configureOptions: null);
    }

    public static void MapDevices(this IEndpointRouteBuilder v1)
    {
        ActivateDevice.Map(v1);
        var devices = v1.MapGroup("/devices").WithTag("Devices", "Scanners, each with a credential of its own.").RequireAuthorization(Policies.VenueManager);
        RegisterDevice.Map(devices);
        ListDevices.Map(devices);
        RollDevice.Map(devices);
        RevokeDevice.Map(devices);
    }
}
