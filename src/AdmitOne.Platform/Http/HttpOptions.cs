using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Http;

/// <summary>Who stands between a client and us, and which pages of other origins may call.</summary>
public sealed class HttpOptions
{
    /// <summary>Addresses or networks (<c>10.0.0.0/8</c>), separated by commas, whose X-Forwarded-For is believed. Without them it is not looked at.</summary>
    [ConfigurationKeyName("TRUSTED_PROXIES")]
    public string TrustedProxies { get; set; } = "";

    /// <summary>Origins (<c>https://shop.example</c>), separated by commas, whose pages may call from a browser. Without them, none.</summary>
    [ConfigurationKeyName("CORS_ORIGINS")]
    public string CorsOrigins { get; set; } = "";

    /// <summary>After so many seconds a request that is still worked on is given up and answered 503; streams of events are not.</summary>
    [ConfigurationKeyName("REQUEST_TIMEOUT_SECONDS"), System.ComponentModel.DataAnnotations.Range(1, 300)]
    public int RequestTimeoutSeconds { get; set; } = 30;

    internal IReadOnlyList<string> Origins => CorsOrigins.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <returns>False if a part is neither an address nor a network.</returns>
    internal static bool TryReadNetworks(string text, out List<System.Net.IPNetwork> networks)
    {
        networks = [];
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (IPAddress.TryParse(part, out var one)) networks.Add(new System.Net.IPNetwork(one, one.GetAddressBytes().Length * 8));
            else if (System.Net.IPNetwork.TryParse(part, out var network)) networks.Add(network);
            else return false;
        }
        return true;
    }
}

[OptionsValidator]
internal sealed partial class HttpOptionsAnnotations : IValidateOptions<HttpOptions>;

internal sealed class HttpOptionsRules : IValidateOptions<HttpOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpOptions options)
    {
        var faults = new List<string>();
        if (!HttpOptions.TryReadNetworks(options.TrustedProxies, out _)) faults.Add("TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, separated by commas.");
        if (options.Origins.Any(origin => !Uri.TryCreate(origin, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.GetLeftPart(UriPartial.Authority) != origin))
            faults.Add("CORS_ORIGINS must be origins such as https://shop.example, without a path, separated by commas; * is not one.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}

/// <summary>What HTTP itself is told: whose word about a client's address counts, which origins may call, how long a request may take.</summary>
internal static class HttpSetup
{
    // Browsers of other origins may read these of an answer.
    private static readonly string[] s_exposed =
        ["ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "Idempotency-Replayed"];

    public static void AddHttp(this IServiceCollection services)
    {
        Configuration.ConfigurationExtensions.AddCheckedOptions<HttpOptions, HttpOptionsAnnotations>(services);
        services.AddSingleton<IValidateOptions<HttpOptions>, HttpOptionsRules>();
        services.AddCors();
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<HttpOptions>>((forwarded, http) =>
        {
            HttpOptions.TryReadNetworks(http.Value.TrustedProxies, out var networks);
            forwarded.ForwardedHeaders = networks.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            forwarded.ForwardLimit = null;   // every hop up to the first that nobody here vouches for
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in networks) forwarded.KnownIPNetworks.Add(network);
        });
    }

    /// <summary>CORS, before anything counts or refuses a call: a browser's question is not the call itself. Nothing is allowed unless it is configured.</summary>
    public static void UseConfiguredCors(this WebApplication app)
    {
        var origins = app.Services.GetRequiredService<IOptions<HttpOptions>>().Value.Origins;
        if (origins.Count == 0) return;
        app.UseCors(policy => policy.WithOrigins([.. origins]).AllowAnyHeader().WithExposedHeaders(s_exposed)
            .WithMethods(HttpMethods.Get, HttpMethods.Post, HttpMethods.Patch, HttpMethods.Delete).SetPreflightMaxAge(TimeSpan.FromHours(1)));
    }
}
