using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Retention;
using AdmitOne.Tickets.Disputes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>The message has been taken. What it changed, if anything, is read from the order.</summary>
public sealed record WebhookHeard(bool Received)
{
    internal static readonly WebhookHeard Thanks = new(true);
}

/// <summary>What payment providers tell us by themselves, and what we tell organisers' own systems: in order, signed, for as long as it takes.</summary>
internal static class WebhooksFeature
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddCheckedOptions<OutgoingWebhookOptions, OutgoingWebhookOptionsRules>();
        services.AddSweep(new Sweep("deliveries", "tickets.sweep_deliveries", kept => kept.WebhooksDays));
        return services.AddSingleton<DisputeDesk>().AddSingleton<StripeDesks>().AddSingleton<WebhookMetrics>().AddSingleton<WebhookSender>().AddHostedService<EndpointSecrets>().AddHostedService<WebhookQueue>().AddHostedService<WebhookDeliveryWorker>();
    }

    public static void MapWebhooks(this IEndpointRouteBuilder v1)
    {
        var webhooks = v1.MapGroup("/webhooks").WithTag("Webhooks", "What payment providers tell us by themselves, by signature.");
        HearPayment.Map(webhooks);
        HearStripe.Map(webhooks);

        v1.ServiceProvider.GetRequiredService<WebhookMetrics>();   // its counters exist, at 0, from the start
        var endpoints = v1.MapGroup("/webhook-endpoints").WithTag("Webhook endpoints", "Where an organiser's own systems are told what happens.").RequireAuthorization(Policies.VenueManager);
        ListEndpoints.Map(endpoints);
        AddEndpoint.Map(endpoints);
        ChangeEndpoint.Map(endpoints);
        RemoveEndpoint.Map(endpoints);
        RotateSecret.Map(endpoints);
        ListDeliveries.Map(endpoints);
        ReplayDelivery.Map(endpoints);
    }
}
