using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Webhooks;
using AdmitOne.UnitTests.Architecture;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.UnitTests.Docs;

public sealed class AccessDocTests(Services services)
{
    [Fact]
    public async Task The_page_of_access_says_what_the_routes_say()
    {
        var rows = new List<(string Service, string Path, string Method, string Who, string Tier, string Needs)>();
        foreach (var (service, route) in services.Routes)
            foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["any"])
                rows.Add((service, "/" + route.RoutePattern.RawText?.Trim('/'), method, await WhoAsync(service, route), Tier(route), Needs(route)));

        GeneratedDoc.Check("access.md", $"""
            # Who may call what

            A token's role says what its holder may do; `ops` stands apart and sees no business data. What belongs to another tenant is answered as if it were not
            there. "Public" needs no token; one that is not accepted then counts as none. "Signed" are calls between services, by HMAC with `INTERNAL_API_KEY`;
            a "signed webhook" is one with its sender's secret (`PAYMENT_WEBHOOK_SECRET`, `MINTING_WEBHOOK_SECRET`), or `INTERNAL_WEBHOOK_SECRET`. The rate tier is the limit that counts the call (`rate-limits.md`).
            What a route does, and each of its refusals, is in the service's own document: `/openapi/v1.json`, browsable at `/docs`.

            {GeneratedDoc.Table(["service", "method", "path", "who", "rate tier", "must send"], rows
                .OrderBy(r => r.Service, StringComparer.Ordinal).ThenBy(r => r.Path, StringComparer.Ordinal).ThenBy(r => r.Method, StringComparer.Ordinal)
                .Select(r => new[] { r.Service, r.Method, $"`{r.Path}`", r.Who, r.Tier, r.Needs }))}
            """);
    }

    private async Task<string> WhoAsync(string service, RouteEndpoint route)
    {
        if (route.Metadata.GetMetadata<SignedCallRequired>() is { } signed) return $"signed: {string.Join(", ", signed.Services)}";
        if (route.Metadata.GetMetadata<WebhookSignatureRequired>() is not null) return "signed webhook";
        if (route.Metadata.GetMetadata<IAllowAnonymous>() is not null) return "public";
        var policies = services.All.First(s => s.Name == service).App.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        var roles = new List<IEnumerable<string>>();
        foreach (var name in route.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).OfType<string>())
            roles.AddRange((await policies.GetPolicyAsync(name))!.Requirements.OfType<RolesAuthorizationRequirement>().Select(r => r.AllowedRoles));
        // A group's policy and a route's own must both be met.
        var who = roles.Count == 0 ? "nobody" : string.Join(", ", roles.Aggregate((all, more) => all.Intersect(more)).Where(role => role != Roles.SignedService));
        return route.Metadata.GetMetadata<SignedCallAccepted>() is { } either ? $"{who}; or signed: {string.Join(", ", either.Services)}" : who;
    }

    private static string Tier(RouteEndpoint route) => string.Join(", ", route.Metadata.OfType<CountedAs>().Select(counted => counted.Tier == RateTier.QrScan ? "QR_SCAN" : counted.Tier.ToString().ToUpperInvariant()));

    private static string Needs(RouteEndpoint route) => string.Join(", ", new[]
    {
        route.Metadata.GetMetadata<NeedsIdempotencyKey>() is null ? null : "Idempotency-Key",
        route.Metadata.OfType<RouteProblems>().Any(p => p.Problems.Contains(PlatformProblems.IfMatchRequired)) ? "If-Match" : null,
    }.OfType<string>());
}
