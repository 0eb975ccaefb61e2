using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>What payment providers tell us by themselves.</summary>
internal static class WebhooksFeature
{
    public static void MapWebhooks(this IEndpointRouteBuilder v1)
    {
        var webhooks = v1.MapGroup("/webhooks").WithTag("Webhooks", "What payment providers tell us by themselves, by signature.");
        HearPayment.Map(webhooks);
        HearStripe.Map(webhooks);
    }
}
