using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Codes;

/// <summary>What a ticket shows at the door.</summary>
internal static class CodesFeature
{
    public static void AddCodes(this IServiceCollection services)
    {
        services.AddCheckedOptions<CodeOptions, CodeOptionsAnnotations>().AddSingleton<IValidateOptions<CodeOptions>, CodeOptionsRules>();
        services.AddSingleton<CodeSeal>().AddSingleton<CodeSigner>().AddSingleton<TicketCodes>().AddSingleton<KnownCodes>();
    }

    public static void MapCodes(this IEndpointRouteBuilder v1) => ShowCode.Map(v1.MapGroup("/tickets").WithTags("Tickets").RequireAuthorization(Policies.Customer));

    /// <summary>What scanners of other makers ask for, where they look for it.</summary>
    public static void MapTicketKeys(this IEndpointRouteBuilder root) => ShowTicketKeys.Map(root);
}
