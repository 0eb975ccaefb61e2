using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.UnitTests.Architecture;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.UnitTests.Docs;

public sealed class AccessTableDocTests(Services services)
{
    [Fact]
    public async Task The_table_of_who_may_what_says_what_the_routes_say()
    {
        var rows = new List<string[]>();
        foreach (var (service, route) in services.Routes)
        {
            var roles = await RolesAsync(service, route);
            foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["any"])
            {
                var isPublic = roles is null && route.Metadata.GetMetadata<SignedCallRequired>() is null;
                rows.Add([service, method, $"`/{route.RoutePattern.RawText?.Trim('/')}`", Mark(isPublic), .. Roles.All.Select(role => Mark(isPublic || roles?.Contains(role) == true)),
                    string.Join(", ", route.Metadata.GetMetadata<SignedCallRequired>()?.Services ?? route.Metadata.GetMetadata<SignedCallAccepted>()?.Services ?? [])]);
            }
        }
        GeneratedDoc.Check("access-table.md", $"""
            # Who may what

            Every route of both services, and who is let in by what the route says of itself. Whoever is not let in is told 401 or 403 before a body is read; a route
            that forgets to say answers nobody. What is let in still sees its own tenant only, and of people's things only its own: another customer's is 403 `not_owner`,
            another tenant's 404. `./test --filter-class '*WalkTests'` knocks at each of these doors as everybody in the table, and as eleven more whose tokens are worth nothing.

            {GeneratedDoc.Table(["service", "method", "path", "nobody", .. Roles.All, "signed by"], rows
                .OrderBy(r => r[0], StringComparer.Ordinal).ThenBy(r => r[2], StringComparer.Ordinal).ThenBy(r => r[1], StringComparer.Ordinal))}
            """);
    }

    private async Task<IReadOnlyList<string>?> RolesAsync(string service, RouteEndpoint route)
    {
        if (route.Metadata.GetMetadata<IAllowAnonymous>() is not null) return null;
        var policies = services.All.First(s => s.Name == service).App.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        var allowed = Roles.All;
        foreach (var name in route.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).OfType<string>())
            allowed = [.. allowed.Intersect((await policies.GetPolicyAsync(name))!.Requirements.OfType<RolesAuthorizationRequirement>().SelectMany(r => r.AllowedRoles))];
        return allowed;
    }

    private static string Mark(bool may) => may ? "yes" : "";
}
