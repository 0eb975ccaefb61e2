using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
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
        v1.ServiceProvider.GetRequiredService<ReservationMetrics>();   // its counters exist, at 0, from the start
        var reservations = v1.MapGroup("/reservations").WithTag("Reservations", "Tickets set aside for a while.").RequireAuthorization(Policies.Customer);
        HoldTickets.Map(reservations);
        FindHold.Map(reservations);
        ListHolds.Map(reservations);
        ChangeReservation.Map(reservations);
        ReleaseHold.Map(reservations);
    }
}
