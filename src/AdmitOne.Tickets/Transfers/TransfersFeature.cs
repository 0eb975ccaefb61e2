using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Transfers;

/// <summary>Tickets that change hands.</summary>
internal static class TransfersFeature
{
    public static void AddTransfers(this IServiceCollection services) => services.AddSingleton<TransferMetrics>().AddHostedService<TransferExpiryWorker>();

    public static void MapTransfers(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<TransferMetrics>();   // its counters exist, at 0, from the start
        var transfers = v1.MapGroup("/transfers").WithTag("Transfers", "Tickets that change hands: offered to an e-mail address, accepted by its owner.").RequireAuthorization(Policies.Customer);
        ListTransfers.Map(transfers);
        FindTransfer.Map(transfers);
        AcceptTransfer.Map(transfers);
        EndTransfer.Map(transfers);

        var tickets = v1.MapGroup("/tickets").WithTags("Transfers").RequireAuthorization(Policies.Customer);
        OfferTransfer.Map(tickets);
        ListTicketTransfers.Map(tickets);
    }
}
