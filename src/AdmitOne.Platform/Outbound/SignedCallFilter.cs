using System.Globalization;
using System.Security.Claims;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Platform.Redis;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Outbound;

/// <summary>
/// Lets only signed calls of the named services through: signature first, then timestamp, then nonce. The nonce is kept in Redis, and when
/// Redis is away the call is refused: a signature that cannot be checked for replay is not accepted.
/// </summary>
public static class SignedCallFilter
{
    /// <summary>Marks a route as answering signed calls of these services; the route is anonymous to tokens.</summary>
    public static TBuilder RequireSignedCall<TBuilder>(this TBuilder route, params string[] services) where TBuilder : IEndpointConventionBuilder
    {
        route.AllowAnonymous();
        route.WithMetadata(new SignedCallRequired(services));
        return route;
    }

    /// <summary>Lets these services call a route of tokens too: a call with a signature is judged by it, and by <see cref="Identity.Policies.AdminOrService"/>.</summary>
    public static TBuilder OrSignedCall<TBuilder>(this TBuilder route, params string[] services) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new SignedCallAccepted(services));

    internal static RequestDelegate RequireSigned(RequestDelegate next) => context =>
        context.GetEndpoint()?.Metadata.GetMetadata<SignedCallRequired>() is { } required ? RequireAsync(context, required, next) : next(context);

    /// <summary>Before authorization, for routes that take either.</summary>
    internal static RequestDelegate AcceptSigned(RequestDelegate next) => context =>
        context.GetEndpoint()?.Metadata.GetMetadata<SignedCallAccepted>() is { } accepted && context.Request.Headers.ContainsKey(ServiceSignature.SignatureHeader)
            ? AcceptAsync(context, accepted, next)
            : next(context);

    private static async Task RequireAsync(HttpContext context, SignedCallRequired required, RequestDelegate next)
    {
        if (await CheckAsync(context, required.Services) is { } refusal) await RefuseAsync(context, refusal);
        else await next(context);
    }

    // Calls between services are not limited; a call whose signature is not accepted is.
    private static async Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        var limited = await context.RequestServices.GetRequiredService<CallLimits>().SpendAnonymousAsync(context);
        await ProblemWriter.WriteAsync(context, limited ?? refusal);
    }

    private static async Task AcceptAsync(HttpContext context, SignedCallAccepted accepted, RequestDelegate next)
    {
        if (await CheckAsync(context, accepted.Services) is { } refusal)
        {
            await RefuseAsync(context, refusal);
            return;
        }
        context.Items.Remove(Caller.Item);   // a token beside the signature has no say
        context.Features.Set<IAuthenticateResultFeature>(null);
        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("role", Roles.SignedService)], "signature", "sub", "role"));
        await next(context);
    }

    private static async Task<Refusal?> CheckAsync(HttpContext context, IReadOnlyList<string> allowed)
    {
        var headers = context.Request.Headers;
        var services = context.RequestServices;
        var options = services.GetRequiredService<IOptions<ServiceOptions>>().Value;
        var clock = services.GetRequiredService<TimeProvider>();

        BodyLimit.KeepBody(context);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Request.Body.Position = 0;

        _ = long.TryParse(headers[ServiceSignature.TimestampHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp);
        var call = new SignedCall(headers[ServiceSignature.ServiceHeader].ToString(), timestamp, headers[ServiceSignature.NonceHeader].ToString(),
            context.Request.Method, context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent(), headers[ServiceSignature.TenantHeader].ToString());
        var signature = headers[ServiceSignature.SignatureHeader].ToString();
        var bytes = body.ToArray();

        var matches = new[] { options.InternalApiKey, options.InternalApiKeyPrevious }.OfType<string>().Where(key => key.Length > 0)
            .Aggregate(false, (found, key) => found | ServiceSignature.IsValid(key, call, bytes, signature));
        if (!matches || !allowed.Contains(call.Service) || !Guid.TryParse(call.Nonce, out _))
            return PlatformProblems.BadSignature.With("Sign service, timestamp, nonce, method, path, tenant and body with the shared key, as a service that may call this.");
        if ((clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(Math.Min(timestamp, 253_402_300_799))).Duration() > ServiceSignature.Window)
            return PlatformProblems.StaleTimestamp.With("The timestamp is more than 60 s from now.");
        return await services.GetRequiredService<RedisStore>().TryClaimAsync($"nonce:{call.Service}:{call.Nonce}", ServiceSignature.Window * 2) switch
        {
            true => Accept(context, call),
            false => PlatformProblems.NonceReused.With("Use a new nonce for each attempt."),
            null => PlatformProblems.DependencyUnavailable.With("Replay cannot be ruled out right now; try again.") with { RetryAfterSeconds = 1 },
        };
    }

    private static Refusal? Accept(HttpContext context, SignedCall call)
    {
        context.Items[SignedCaller.Item] = new SignedCaller(call.Service, Guid.TryParse(call.Tenant, out var tenantId) ? tenantId : null);
        return null;
    }
}

/// <summary>The service whose signature was found good, and the tenant it signed for: null if that is none.</summary>
public sealed record SignedCaller(string Service, Guid? TenantId)
{
    internal static readonly object Item = new();

    public static ValueTask<SignedCaller?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Items[Item] as SignedCaller);
    }
}

/// <summary>Which services may call a route of tokens with a signature instead.</summary>
public sealed record SignedCallAccepted(IReadOnlyList<string> Services);

/// <summary>Which services may call a route with a signature.</summary>
public sealed record SignedCallRequired(IReadOnlyList<string> Services);
