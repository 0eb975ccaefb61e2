using AdmitOne.Platform.Caching;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.TicketTypes;

/// <summary>What is sold: kinds of tickets, their price and how many there are.</summary>
internal static class TicketTypesFeature
{
    public static IServiceCollection AddTicketTypes(this IServiceCollection services) => services.AddReadThroughCache();

    public static void MapTicketTypes(this IEndpointRouteBuilder v1)
    {
        var ofEvent = v1.MapGroup("/events/{eventId}").WithTag("Ticket types", "What is sold: kinds of tickets, their price and how many there are.");
        CreateTicketType.Map(ofEvent);
        ListTicketTypes.Map(ofEvent);
        ShowAvailability.Map(ofEvent);

        var types = v1.MapGroup("/ticket-types").WithTags("Ticket types");
        FindTicketType.Map(types);
        ChangeTicketType.Map(types);
        RemoveTicketType.Map(types);
    }
}
