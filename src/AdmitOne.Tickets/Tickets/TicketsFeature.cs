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
        var tickets = v1.MapGroup("/tickets").WithTags("Tickets").RequireAuthorization(Policies.Customer);
        ListTickets.Map(tickets);
        FindTicket.Map(tickets);
    }
}
