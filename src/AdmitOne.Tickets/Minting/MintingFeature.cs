using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Minting;

/// <summary>Tickets as tokens, for organisers who want them: an extra that nothing else waits for.</summary>
internal static class MintingFeature
{
    public static void AddMinting(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<MintingOptions, MintingOptionsAnnotations>().AddSingleton<IValidateOptions<MintingOptions>, MintingOptionsRules>();
        services.AddBreaker(MintingPatience.Neighbour).AddSingleton<MintingPatience>().AddSingleton<MintingMetrics>();
        // Off means off: no consumer that would leave jobs lying about, and nobody who could call.
        if (!string.Equals(configuration["ENABLE_NFT_MINTING"], "true", StringComparison.OrdinalIgnoreCase)) return;
        services.AddHttpClient<MintingClient>((provider, http) =>
            {
                http.BaseAddress = new Uri(provider.GetRequiredService<IOptions<MintingOptions>>().Value.Url!.TrimEnd('/') + "/");
                http.Timeout = Timeout.InfiniteTimeSpan;   // MintingPatience bounds each call
            })
            .AddHttpMessageHandler(provider => ActivatorUtilities.CreateInstance<SigningHandler>(provider, TicketsService.Definition.Name))
            .MeteredAs("minting", provider => provider.GetRequiredKeyedService<Breaker>(MintingPatience.Neighbour).State.CircuitState);
        services.AddHostedService<QueueMintJobs>().AddHostedService<MintingWorker>();
    }

    public static void MapMinting(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<MintingMetrics>();   // its counters exist, at 0, from the start
        var jobs = v1.MapGroup("/mint-jobs").WithTag("Minting", "Tickets as tokens: what was asked of the minting service, and its answers.").RequireAuthorization(Policies.VenueManager);
        ListMintJobs.Map(jobs);
        ReplayMintJob.Map(jobs);
        ReceiveMintAnswer.Map(v1.MapGroup("/webhooks").WithTags("Minting"));
    }
}
