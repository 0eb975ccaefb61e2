using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Tickets;

/// <summary>The tickets that people own.</summary>
internal static class TicketsFeature
{
    public static void MapTickets(this IEndpointRouteBuilder v1)
    {
        var tickets = v1.MapGroup("/tickets").WithTag("Tickets", "The tickets that people own, and the code that each shows at the door.").RequireAuthorization(Policies.Customer);
        ListTickets.Map(tickets);
        FindTicket.Map(tickets);
        NameAttendee.Map(tickets);
        BlockTicket.Map(tickets);
        ListAttendees.Map(v1.MapGroup("/events/{eventId}").WithTags("Tickets").RequireAuthorization(Policies.VenueManager));
    }
}
