using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Http;

/// <summary>What a limit counts. One tier applies to a route; <c>docs/</c> lists what each allows.</summary>
public enum RateTier { Global, Read, Write, Purchase, Transfer, Admin, Webhook, QrScan }

/// <summary>Which tier counts a route's calls.</summary>
public sealed record CountedAs(RateTier Tier);

/// <summary>The route's calls are sign-ins: each is counted for the address that it came from, apart from the address's other calls.</summary>
public sealed record CountedAsSignIn;

/// <summary>Words that a route says about itself, read by the OpenAPI document and by the tests that compare the two.</summary>
public static class RouteWords
{
    public static TBuilder WithRateTier<TBuilder>(this TBuilder route, RateTier tier) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new CountedAs(tier));

    /// <summary>Counts the route's calls by client address, with or without a token, and apart from the address's other calls.</summary>
    public static TBuilder CountedAsSignIn<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new CountedAsSignIn());

    /// <summary>Under which heading the API document lists the routes of a group, and what it says below it.</summary>
    public static TBuilder WithTag<TBuilder>(this TBuilder routes, string name, string description) where TBuilder : IEndpointConventionBuilder =>
        routes.WithTags(name).WithMetadata(new TagDescription(name, description));

    /// <summary>Names the refusals that are this route's own; those of every route need no mention.</summary>
    public static TBuilder MayRefuseWith<TBuilder>(this TBuilder route, params ProblemType[] problems) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new RouteProblems(problems));

    /// <summary>Takes larger bodies than the usual 64 KiB.</summary>
    public static TBuilder WithBodyUpTo<TBuilder>(this TBuilder route, int kibibytes) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new TakesBodyUpTo(kibibytes * 1024));

    /// <summary>Ordinary answers of this route are counted by metrics and get no log line.</summary>
    public static TBuilder CountedNotLogged<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new CountedNotLogged());

    /// <summary>Lets shared caches keep a public answer for this long. With a token the same address may answer more, so they must look at that too.</summary>
    public static void CacheFor(this HttpContext context, int seconds)
    {
        context.Response.Headers.CacheControl = $"public, max-age={seconds}";
        context.Response.Headers.Vary = "Authorization";
    }

    /// <summary>An answer for one caller only.</summary>
    public static void NeverCache(this HttpContext context) => context.Response.Headers.CacheControl = "private, no-store";
}

internal sealed record TakesBodyUpTo(int Bytes);

internal sealed record TagDescription(string Name, string Text);

public sealed record RouteProblems(IReadOnlyList<ProblemType> Problems);
