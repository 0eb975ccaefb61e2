using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Discounts;

/// <summary>Codes that take something off, and how often they may.</summary>
internal static class DiscountsFeature
{
    public static void MapDiscounts(this IEndpointRouteBuilder v1)
    {
        var discounts = v1.MapGroup("/discounts").WithTag("Discounts", "Codes that take something off, and how often they may.").RequireAuthorization(Policies.VenueManager);
        ListDiscounts.Map(discounts);
        CreateDiscount.Map(discounts);
        FindDiscount.Map(discounts);
        ChangeDiscount.Map(discounts);
        RemoveDiscount.Map(discounts);
    }
}
