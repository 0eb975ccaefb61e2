using System.Text;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Tenancy;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Platform.Identity;

internal static class IdentitySetup
{
    // By which the framework knows, when it calls a route that names a policy, that this was judged; without it the call ends in an exception.
    private const string JudgedMark = "__AuthorizationMiddlewareWithEndpointInvoked";

    private static readonly object s_judged = new();

    /// <summary>For how long a token is accepted before its beginning and after its end.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddCheckedOptions<JwtOptions, JwtOptionsValidator>();
        services.AddSingleton<IValidateOptions<JwtOptions>, JwtOptionsRules>();
        services.AddSingleton<IssuerKeys>().AddNeighbour(IssuerKeys.Neighbour);
        services.AddSingleton(provider => new RevokedTokens(provider.GetRequiredService<Redis.RedisStore>(), provider.GetRequiredService<Postgres.Database>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RevokedTokens>>()));
        services.AddSingleton<CallerAccess>().AddHostedService<RevocationListener>();
        services.AddSingleton<TenantDirectory>().AddSingleton<UserProjection>().AddSingleton<RememberedTokens>().AddSingleton<TokenChecks>();
        services.AddDataProtection().UseEphemeralDataProtectionProvider();   // authentication asks for it; nothing here uses its keys
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<IOptions<JwtOptions>, IssuerKeys>((bearer, jwt, keys) =>
        {
            bearer.MapInboundClaims = false;
            // At the door a scanner may show a credential of its own, and either is looked at once.
            bearer.ForwardDefaultSelector = context => IsDeviceAtTheDoor(context) ? Policies.DeviceScheme : null;
            bearer.TokenValidationParameters = keys.AreUsed ? Rules(jwt.Value, keys) : Rules(jwt.Value);
            bearer.Events = new JwtBearerEvents
            {
                OnMessageReceived = context => context.HttpContext.RequestServices.GetRequiredService<TokenChecks>().PrepareAsync(context),
                OnTokenValidated = context => context.HttpContext.RequestServices.GetRequiredService<TokenChecks>().AcceptAsync(context),
            };
        });

        var authorization = services.AddAuthorizationBuilder();
        foreach (var (policy, roles) in Policies.Table)
            authorization.AddPolicy(policy, p => p.RequireRole(roles));
        authorization.AddPolicy(Policies.PlatformAdmin, p => p.RequireRole(Roles.Admin)
            .RequireAssertion(call => call.Resource is HttpContext http && http.Items[Caller.Item] is Caller { TenantId: var tenant } && tenant == TenantDirectory.Platform));
        // Deny by default: a route that forgot to say who may call it answers nobody.
        // (What is no route of ours, such as 404 and 405, may say so to anybody.)
        authorization.SetFallbackPolicy(new AuthorizationPolicyBuilder()
            .RequireAssertion(call => call.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint).Build());
        return services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationAnswers>();
    }

    /// <summary>Finds out who calls, of those who show something to tell it by.</summary>
    public static void UseIdentityOfCaller(this WebApplication app)
    {
        // Said where the host looks before it adds one of its own for every request.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        app.UseMiddleware<RecalledCallers>();
        app.UseWhen(context => context.Request.Headers.Authorization.Count > 0 && Caller.Of(context) is null, shown => shown.UseAuthentication());
    }

    /// <summary>Who may do what. A route that says itself that it is for everybody has nothing to be asked.</summary>
    public static void UsePermissions(this WebApplication app)
    {
        ((IApplicationBuilder)app).Properties["__AuthorizationMiddlewareSet"] = true;
        app.UseWhen(context => !IsForEverybody(context.GetEndpoint()) && !PermitsRecalled(context), asked => asked.UseAuthorization());
    }

    private static bool IsDeviceAtTheDoor(HttpContext context) =>
        context.Request.Headers.Authorization.ToString().StartsWith(Policies.DeviceScheme + " ", StringComparison.OrdinalIgnoreCase)
        && context.GetEndpoint()?.Metadata.OfType<IAuthorizeData>().Any(a => a.Policy == Policies.Door) == true;

    // Of somebody who was known again only the role counts, and what a plain policy asks for is roles: the table answers as the framework would. Whatever else
    // a route asks for, whoever else calls, and every refusal is the framework's business.
    private static bool PermitsRecalled(HttpContext context)
    {
        if (Caller.Of(context) is not { } caller || !ReferenceEquals(context.User, TokenChecks.PrincipalOf(caller.Role)) || context.GetEndpoint() is not { } endpoint) return false;
        if (endpoint.Metadata.GetMetadata<AuthorizationPolicy>() is not null || endpoint.Metadata.GetMetadata<IAuthorizationRequirementData>() is not null) return false;
        var asked = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>();
        for (var n = 0; n < asked.Count; n++)
            if (asked[n] is not { Policy: { } policy, Roles: null, AuthenticationSchemes: null } || !Policies.Allow(policy, caller.Role)) return false;
        if (asked.Count == 0) return false;
        context.Items[JudgedMark] = s_judged;
        return true;
    }

    private static bool IsForEverybody(Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<IAllowAnonymous>() is not null && endpoint.Metadata.GetMetadata<IAuthorizeData>() is null;

    /// <summary>The issuer's published keys, and only what an asymmetric key can sign: a public key used as a secret is refused with the algorithm.</summary>
    internal static TokenValidationParameters Rules(JwtOptions jwt, IssuerKeys keys)
    {
        var rules = Rules(jwt);
        rules.ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];
        rules.IssuerSigningKeys = [];
        rules.IssuerSigningKeyResolver = (_, _, keyId, _) => keys.Find(keyId);
        return rules;
    }

    /// <summary>HS256 with our secret and nothing else: <c>alg: none</c> and a switched algorithm are refused.</summary>
    internal static TokenValidationParameters Rules(JwtOptions jwt) => new()
    {
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        IssuerSigningKeys = new[] { jwt.Secret, jwt.SecretPrevious }.Where(s => !string.IsNullOrEmpty(s))
            .Select(s => new SymmetricSecurityKey(Encoding.UTF8.GetBytes(s!))).ToArray(),
        ValidIssuer = jwt.Issuer,
        ValidAudience = jwt.Audience,
        ValidateIssuerSigningKey = true,
        RequireExpirationTime = true,
        RequireSignedTokens = true,
        ClockSkew = ClockSkew,
        NameClaimType = "sub",
        RoleClaimType = "role",
    };

    private sealed class RevocationListener(RevokedTokens revoked, ServiceDefinition definition) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => definition.SchemaVersion > 0 ? revoked.ListenAsync() : Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
