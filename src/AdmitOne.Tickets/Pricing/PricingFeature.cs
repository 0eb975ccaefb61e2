using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Pricing;

/// <summary>What tickets cost: one engine for quotes, holds and purchases.</summary>
internal static class PricingFeature
{
    public static void MapPricing(this IEndpointRouteBuilder v1) => QuotePrice.Map(v1);
}
