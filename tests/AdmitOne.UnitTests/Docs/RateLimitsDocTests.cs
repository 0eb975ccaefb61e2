using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.UnitTests.Architecture;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.UnitTests.Docs;

public sealed class RateLimitsDocTests(Services services)
{
    private static readonly Dictionary<RateTier, (string Key, string AppliesTo)> s_words = new()
    {
        [RateTier.Global] = ("client address (IPv6: its /64)", "every call without an accepted token, and paths that are no route"),
        [RateTier.Read] = ("user", "GET with a token"),
        [RateTier.Write] = ("user", "changes that no other tier names"),
        [RateTier.Purchase] = ("user", "holds and purchases; for staff `RATE_LIMIT_BOX_OFFICE_MAX`"),
        [RateTier.Transfer] = ("user", "transfers"),
        [RateTier.Admin] = ("user", "administration"),
        [RateTier.Webhook] = ("tenant", "webhooks that come in, once their signature is good; before that GLOBAL"),
        [RateTier.QrScan] = ("device, else user", "scans"),
    };

    [Fact]
    public void The_page_of_limits_says_what_the_routes_and_the_settings_say()
    {
        var options = new RateLimitOptions();
        GeneratedDoc.Check("rate-limits.md", $"""
            # Rate limits

            Each service counts the calls of a caller in a sliding window of {options.WindowMs / 1000} s (`RATE_LIMIT_WINDOW_MS`), over all its replicas, in Redis: in no stretch of that
            length are more let through than the tier allows. Counted is every call to a route with a tier, also one that is then refused for its role or its body.
            A hold, a purchase or a transfer that is refused without an effect (400, 403, 404, 409, 410, 422, and 503 `overloaded`; not 402) is given back before its answer,
            {CallLimits.FreeTries} times in a window for each call of the tier; further ones count. A token that is not accepted counts for the address it came from and for no user.
            Each answer says where its caller stands:

            ```
            RateLimit-Policy: "WRITE";q=10;w=60     the tier, its calls, its seconds
            RateLimit: "WRITE";r=7;t=41             calls left, seconds until the oldest no longer counts
            ```

            A call too many is answered 429 `rate_limited` with `Retry-After`; `tier` and the detail name the limit. The limits, each a setting `RATE_LIMIT_<TIER>_MAX`:

            {GeneratedDoc.Table(["tier", "calls", "counted by", "applies to"], Enum.GetValues<RateTier>().Select(tier => new[]
            {
                RateLimitOptions.Word(tier), $"{options.MaxOf(tier)}", s_words[tier].Key, s_words[tier].AppliesTo,
            }))}

            GLOBAL counts three kinds of calls of an address apart, because a campus, a carrier or a venue's Wi-Fi is one address to us:

            {GeneratedDoc.Table(["calls without a token", "calls", "setting"],
            [
                ["reads of public pages", $"{options.MaxOfPublicReads}", "`RATE_LIMIT_PUBLIC_READ_MAX`, else `RATE_LIMIT_GLOBAL_MAX`"],
                ["sign-ins, and proofs of an e-mail address", $"{options.SignInMax}", "`RATE_LIMIT_SIGN_IN_MAX`"],
                ["all others", $"{options.MaxOf(RateTier.Global)}", "`RATE_LIMIT_GLOBAL_MAX`"],
            ])}

            What a shared cache in front would answer by itself costs no call: a public page that was answered to anybody within its `max-age`, and 304.
            Wrong passwords are counted by account as well, apart from sign-ins that succeed: after 5 from one network within 15 minutes the next try of that account from
            there waits 2 s, then 4 s, up to 30 s; after 20 from anywhere every try of the account does (429 `sign_in_slowed`). Nothing is locked.

            A member of staff sells {options.BoxOfficeMax} times in a window (`RATE_LIMIT_BOX_OFFICE_MAX`); a device scans {options.QrScanMax} times, ten people a second.
            `RATE_LIMIT_MULTIPLIERS` raises a tier for a role (`./run` starts with `venue_manager:WRITE=12,admin:WRITE=12`: 120 changes a minute), and a tenant's
            `limitMultiplier` all tiers for its people. Client addresses are those of the connection, unless it comes from one of `TRUSTED_PROXIES`: then the last
            address of `X-Forwarded-For` that is not itself trusted.

            While Redis is away each replica goes on counting by itself, with the same limits: `admitone_limits_decided_total` (tag `by="process"`) grows, and nobody is let
            through uncounted. Anonymous reads take their calls out of the address's window ahead of time, at most a tenth at once, so that the sum over replicas
            stays within 10 %. Scans from a limit of 200 on are taken a hundredth at once, and stay within 2 %; all others are exact. `ENABLE_RATE_LIMITING=false` counts nobody, for load tests. Calls between services are signed and not limited; those
            with a bad signature count as GLOBAL. `/health`, `/metrics` and `/openapi` have no tier.

            ## Which route counts as what

            {GeneratedDoc.Table(["service", "method", "path", "without a token", "with a token"], Rows())}
            """);
    }

    private IEnumerable<string[]> Rows() =>
        from found in services.Routes.Concat(AuthRoutes())
        let tier = found.Route.Metadata.GetMetadata<CountedAs>()?.Tier
        where tier is not null && found.Route.Metadata.GetMetadata<SignedCallRequired>() is null
        from method in found.Route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["any"]
        let path = "/" + found.Route.RoutePattern.RawText?.Trim('/')
        orderby found.Service, path, method
        let isSignIn = found.Route.Metadata.GetMetadata<CountedAsSignIn>() is not null
        let isPublicRead = method == "GET" && found.Route.Metadata.GetMetadata<IAllowAnonymous>() is not null
        select new[]
        {
            found.Service, method, $"`{path}`", tier == RateTier.Webhook ? "GLOBAL, unless signed" : isSignIn ? "GLOBAL: sign-in" : isPublicRead ? "GLOBAL: public page" : "GLOBAL",
            isSignIn ? "GLOBAL: sign-in" : RateLimitOptions.Word(tier == RateTier.Global && method == "GET" ? RateTier.Read : tier.Value)
                + (CallLimits.IsGivenBack(tier.Value) ? ", given back if refused" : ""),
        };

    private static IEnumerable<(string Service, RouteEndpoint Route)> AuthRoutes()
    {
        using var auth = AdmitOne.Identity.IdentityService.Build(Services.Settings());
        return [.. ((IEndpointRouteBuilder)auth).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(route => ("Identity", route))
            .Where(found => found.route.RoutePattern.RawText?.Trim('/').StartsWith("api/", StringComparison.Ordinal) == true)];
    }
}
