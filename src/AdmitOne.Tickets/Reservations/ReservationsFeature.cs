using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Reservations;

/// <summary>Tickets set aside for a while.</summary>
internal static class ReservationsFeature
{
    public static void AddReservations(this IServiceCollection services) =>
        services.AddCheckedOptions<ReservationOptions, ReservationOptionsValidator>().AddSingleton<ReservationMetrics>().AddHostedService<HoldExpiryWorker>();

    public static void MapReservations(this IEndpointRouteBuilder v1)
    {
        var reservations = v1.MapGroup("/reservations").WithTags("Reservations").RequireAuthorization(Policies.Customer);
        HoldTickets.Map(reservations);
        FindHold.Map(reservations);
        ReleaseHold.Map(reservations);
    }
}
