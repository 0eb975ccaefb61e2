using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Identity;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>One route of one service, as it is mapped, and who may call it by what it says of itself.</summary>
internal sealed record WalkedRoute(string Service, string Method, RouteEndpoint Endpoint, IReadOnlyList<string> Roles)
{
    public string Pattern => "/" + Endpoint.RoutePattern.RawText?.Trim('/');

    public string Name => $"{Service} {Method} {Pattern}";

    public SignedCallRequired? Signed => Endpoint.Metadata.GetMetadata<SignedCallRequired>();

    /// <summary>A route of tokens that also takes a signature.</summary>
    public SignedCallAccepted? OrSigned => Endpoint.Metadata.GetMetadata<SignedCallAccepted>();

    public bool IsPublic => Signed is null && Endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    public bool IsWebhook => Endpoint.Metadata.GetMetadata<CountedAs>()?.Tier == RateTier.Webhook;
}

/// <summary>Somebody who knocks at a door.</summary>
/// <param name="Expects">The refusal at a door that needs a token; null for a role, whose answer is the route's.</param>
internal sealed record Visitor(string Name, string? Authorization, string? Expects = null, string? Role = null)
{
    /// <summary>Comes with the five headers of a neighbour instead.</summary>
    public bool IsSigned { get; init; }
}

/// <summary>Goes through every route of both services, with everybody who could stand before it.</summary>
internal sealed class Walk(World world)
{
    private static readonly Guid s_nothing = Guid.Parse("0199a1b2-7c00-7000-8000-00000000dead");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async Task<IReadOnlyList<WalkedRoute>> RoutesAsync()
    {
        var routes = new List<WalkedRoute>();
        foreach (var (service, services) in new[] { ("Events", world.EventsServices), ("Tickets", world.TicketsServices) })
        {
            var policies = services.GetRequiredService<IAuthorizationPolicyProvider>();
            foreach (var endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
            {
                IEnumerable<string>? roles = null;
                foreach (var name in endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).OfType<string>())
                {
                    var allowed = (await policies.GetPolicyAsync(name))!.Requirements.OfType<RolesAuthorizationRequirement>().SelectMany(r => r.AllowedRoles);
                    roles = roles?.Intersect(allowed) ?? allowed;
                }
                foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                    routes.Add(new WalkedRoute(service, method, endpoint, [.. roles ?? []]));
            }
        }
        return routes;
    }

    /// <summary>Those who are refused wherever a token is needed, and one of each role.</summary>
    public async Task<IReadOnlyList<Visitor>> VisitorsAsync()
    {
        var suspended = Guid.CreateVersion7();
        await world.Sql("insert into platform.tenants (id, slug, name, status) values (@suspended, @slug, 'Closed', 'suspended')", new { suspended, slug = $"closed-{suspended:n}" });
        var admin = world.Holder(Roles.Admin);
        var secret = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(world.TicketsSettings["JWT_SECRET"]!)), SecurityAlgorithms.HmacSha256);
        using var ticketsKey = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var publicKey = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(ticketsKey.ExportSubjectPublicKeyInfoPem())), SecurityAlgorithms.HmacSha256);
        var claims = new Dictionary<string, object> { ["sub"] = admin.UserId.ToString(), ["tenant_id"] = admin.TenantId.ToString(), ["role"] = admin.Role, ["email"] = admin.Email, ["jti"] = "walk" };
        return
        [
            new("nobody", null, "401 token_missing"),
            new("a password", "Basic YWRtaW46YWRtaW4=", "401 token_missing"),
            new("a text that is no token", "Bearer not.a.token", "401 token_invalid"),
            new("an expired token", Bearer(world.Mint.Mint(admin, TimeSpan.FromHours(-1))), "401 token_expired"),
            new("another issuer", Bearer(FakeIssuer.Sign(claims, secret, issuer: "another")), "401 token_invalid"),
            new("another audience", Bearer(FakeIssuer.Sign(claims, secret, audience: "another")), "401 token_invalid"),
            new("a token of the future", Bearer(FakeIssuer.Sign(claims, secret, notBefore: TimeSpan.FromMinutes(10))), "401 token_invalid"),
            new("alg none", Bearer(FakeIssuer.Sign(claims, null)), "401 token_invalid"),
            new("a public key as the secret", Bearer(FakeIssuer.Sign(claims, publicKey)), "401 token_invalid"),
            new("an unknown tenant", Bearer(world.Token(Roles.Admin, tenant: Guid.CreateVersion7())), "401 token_invalid"),
            new("an unknown role", Bearer(world.Token("superuser")), "401 token_invalid"),
            new("a suspended tenant", Bearer(world.Token(Roles.Admin, tenant: suspended)), "403 tenant_suspended"),
            new("a neighbour's signature", null, "401 token_missing") { IsSigned = true },
            .. Roles.All.Select(role => new Visitor(role, Bearer(world.Token(role)), Role: role)),
            .. Roles.All.Select(role => new Visitor("another organiser's " + role, Bearer(world.Token(role, tenant: world.OtherTenant)), Role: role)),
        ];
    }

    /// <summary>Sends the route's own example to something that is not there.</summary>
    /// <returns>The status, and the problem's code if there is one.</returns>
    public async Task<string> KnockAsync(WalkedRoute route, Visitor visitor)
    {
        using var request = Example(route);
        if (visitor.Authorization is not null) request.Headers.Authorization = AuthenticationHeaderValue.Parse(visitor.Authorization);
        return await SendAsync(route, request, visitor.IsSigned ? "event-service" : null);
    }

    public async Task<string> KnockAsync(WalkedRoute route, string service)
    {
        // Whether a signature was seen before is asked of Redis, which on a busy machine may answer too late: a caller then signs anew.
        for (var attempt = 1; ; attempt++)
        {
            using var request = Example(route);
            var said = await SendAsync(route, request, service);
            if (said != "503 dependency_unavailable" || attempt == 5) return said;
        }
    }

    public async Task<string> SendAsync(WalkedRoute route, HttpRequestMessage request, string? signedBy = null)
    {
        var (status, problem) = await AskAsync(route, request, signedBy);
        return problem is null ? $"{status}" : $"{status} {problem.Value.Text("code")}";
    }

    /// <returns>The status, and the problem if the answer is one.</returns>
    public async Task<(int Status, JsonElement? Problem)> AskAsync(WalkedRoute route, HttpRequestMessage request, string? signedBy = null)
    {
        using var signing = new SigningHandler(signedBy ?? "nobody", world.EventsServices.GetRequiredService<IOptions<ServiceOptions>>(), TimeProvider.System) { InnerHandler = new SocketsHttpHandler() };
        using var client = signedBy is null ? world.Client(Url(route)) : new HttpClient(signing) { BaseAddress = Url(route) };
        if (signedBy is not null) request.Options.Set(SigningHandler.Tenant, world.Tenant);
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        return ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop)).RootElement
            : null);
    }

    public Uri Url(WalkedRoute route) => route.Service == "Events" ? world.EventsUrl : world.TicketsUrl;

    private static string Bearer(string token) => "Bearer " + token;

    /// <summary>The route's own example, sent to something that is not there.</summary>
    public static HttpRequestMessage Example(WalkedRoute route)
    {
        var path = System.Text.RegularExpressions.Regex.Replace(route.Pattern, @"\{(?<name>\w+)[^}]*\}", m => m.Groups["name"].Value == "documentName" ? "v1" : s_nothing.ToString());
        var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
        if (route.Endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null || route.Endpoint.Metadata.OfType<RequestExample>().Any())
        {
            var body = route.Endpoint.Metadata.OfType<RequestExample>().FirstOrDefault()?.Body;
            request.Content = new StringContent(body is null ? "{}" : JsonSerializer.Serialize(body, body.GetType(), Json.Answers), Encoding.UTF8, "application/json");
        }
        if (route.Method == "POST") request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        if (route.Method is "PATCH" or "DELETE") request.Headers.TryAddWithoutValidation("If-Match", "*");
        return request;
    }
}
