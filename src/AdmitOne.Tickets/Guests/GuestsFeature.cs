using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Guests;

/// <summary>Buying without a sign-in.</summary>
internal static class GuestsFeature
{
    public static void AddGuests(this IServiceCollection services) =>
        services.AddSingleton<GuestTokens>().AddSingleton<IGuestTokens>(provider => provider.GetRequiredService<GuestTokens>());

    public static void MapGuests(this IEndpointRouteBuilder v1) => BecomeGuest.Map(v1);
}
