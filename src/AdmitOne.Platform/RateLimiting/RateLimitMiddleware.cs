using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Tenancy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>
/// Counts each call once, after it is known who calls and before anything is done for them. A call that is refused later, because its body
/// breaks a rule or its role may not, has been counted; a token that is not accepted counts for the address that sent it and for no user.
/// </summary>
internal sealed class RateLimitMiddleware(RequestDelegate next, CallLimits limits)
{
    public Task InvokeAsync(HttpContext context)
    {
        var spent = limits.SpendAsync(context);
        if (!spent.IsCompletedSuccessfully) return AnswerAsync(context, spent.AsTask());
        return spent.Result is { } refusal ? ProblemWriter.WriteAsync(context, refusal) : next(context);
    }

    private async Task AnswerAsync(HttpContext context, Task<Refusal?> spent) => await (await spent is { } refusal ? ProblemWriter.WriteAsync(context, refusal) : next(context));
}

/// <summary>Which limit counts a call, and what its answer says of it.</summary>
public sealed class CallLimits
{
    // Of its window a replica may take so much ahead of time. What it does not use of that is lost to the others for a moment; no more calls are let through.
    private const double ReadsAhead = 0.1;    // of an address that has no token
    private const double ScansAhead = 0.01;   // from 200 scans a window on

    private readonly RateLimits _limits;
    private readonly RateLimitMetrics _metrics;
    private readonly TenantDirectory _tenants;
    private readonly RateLimitOptions _options;
    private readonly Dictionary<(string Role, RateTier Tier), double> _multipliers;
    private readonly ConcurrentDictionary<(RateTier Tier, int Max), string> _policies = new();   // one for each tier and multiplier

    internal CallLimits(RateLimits limits, RateLimitMetrics metrics, TenantDirectory tenants, IOptions<RateLimitOptions> options)
    {
        (_limits, _metrics, _tenants, _options) = (limits, metrics, tenants, options.Value);
        RateLimitOptions.TryReadMultipliers(_options.Multipliers, out _multipliers);
    }

    /// <summary>Counts a webhook whose signature was good and whose tenant is known.</summary>
    /// <returns>A refusal to answer with, or null.</returns>
    public async ValueTask<Refusal?> SpendWebhookAsync(HttpContext context, Guid tenantId)
    {
        if (!_options.Enabled) return null;
        var standing = await _tenants.FindAsync(tenantId, context.RequestAborted);
        return await SpendAsync(context, RateTier.Webhook, $"{tenantId:n}", standing?.LimitMultiplier ?? 1);
    }

    /// <summary>Counts a call that nobody vouches for: a signature or a credential that was not accepted.</summary>
    /// <returns>A refusal to answer with instead, or null.</returns>
    public ValueTask<Refusal?> SpendAnonymousAsync(HttpContext context) => SpendAsync(context, RateTier.Global, Address(context), 1);

    internal ValueTask<Refusal?> SpendAsync(HttpContext context)
    {
        if (!_options.Enabled) return default;
        var endpoint = context.GetEndpoint();
        // What the platform maps for orchestrators and scrapers has no tier; what is no route of ours is anybody's guess, and is limited.
        if (endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<SignedCallRequired>() is not null) return default;
        if (endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<SignedCallAccepted>() is not null && context.Request.Headers.ContainsKey(ServiceSignature.SignatureHeader)) return default;
        var named = endpoint?.Metadata.GetMetadata<CountedAs>()?.Tier;
        if (endpoint is RouteEndpoint && named is null or RateTier.Webhook) return default;

        var reads = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        // A scanner whose credential was found good has limits of its own: many of them stand behind one address.
        if (named is { } ofDoor && context.Items[Actor.Item] is Actor { Id: { } device })
            return SpendAsync(context, ofDoor, $"device:{device:n}", _multipliers.GetValueOrDefault((Roles.Device, ofDoor), 1), ahead: AheadOf(ofDoor));
        if (context.Items[Caller.Item] is not Caller caller || named is null)
            return SpendAsync(context, RateTier.Global, Address(context), 1, ahead: reads && endpoint is RouteEndpoint ? ReadsAhead : 0);

        var tier = named == RateTier.Global && reads ? RateTier.Read : named.Value;
        var factor = _multipliers.GetValueOrDefault((caller.Role, tier), 1) * (context.Items[TenantDirectory.MultiplierItem] as double? ?? 1);
        return SpendAsync(context, tier, $"{caller.TenantId:n}:{caller.UserId:n}", factor, ahead: AheadOf(tier));
    }

    // A busy door asks often for the same few callers; everybody else is counted call by call.
    private static double AheadOf(RateTier tier) => tier == RateTier.QrScan ? ScansAhead : 0;

    private ValueTask<Refusal?> SpendAsync(HttpContext context, RateTier tier, string who, double factor, double ahead = 0)
    {
        if (!_options.Enabled) return default;
        var max = (int)Math.Clamp(_options.MaxOf(tier) * factor, 1, 1_000_000);
        var rule = new LimitRule(max, _options.WindowMs, Math.Max((int)(max * ahead), 1));
        var spent = _limits.SpendAsync($"{RateLimitOptions.Word(tier)}:{who}", rule);
        return spent.IsCompletedSuccessfully ? new ValueTask<Refusal?>(Say(context, tier, rule, spent.Result)) : SayAsync(context, tier, rule, spent);
    }

    private async ValueTask<Refusal?> SayAsync(HttpContext context, RateTier tier, LimitRule rule, ValueTask<LimitAnswer> spent) => Say(context, tier, rule, await spent);

    private Refusal? Say(HttpContext context, RateTier tier, LimitRule rule, LimitAnswer answer)
    {
        var word = RateLimitOptions.Word(tier);
        var seconds = Math.Max(1, (answer.ResetMs + 999) / 1000);

        var headers = context.Response.Headers;
        headers["RateLimit-Policy"] = _policies.GetOrAdd((tier, rule.Max), static (_, rule) =>
            string.Create(CultureInfo.InvariantCulture, $"\"{rule.Word}\";q={rule.Max};w={rule.Seconds}"), (Word: word, rule.Max, Seconds: Math.Max(1, rule.WindowMs / 1000)));
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"{word}\";r={answer.Remaining};t={seconds}");
        if (answer.Granted > 0) return null;

        _metrics.Refused(tier);
        return PlatformProblems.RateLimited.With($"At most {rule.Max} calls of this kind in {Math.Max(1, rule.WindowMs / 1000)} s; the next one may be made in {seconds} s.")
            with
        { RetryAfterSeconds = (int)seconds };
    }

    // A home has one IPv4 address or one IPv6 network of 64 bits: whoever counts single IPv6 addresses counts nothing.
    private static string Address(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}

internal static class RateLimitSetup
{
    public static void AddRateLimits(this IServiceCollection services)
    {
        services.AddOptions<RateLimitOptions>();
        Configuration.ConfigurationExtensions.AddCheckedOptions<RateLimitOptions, RateLimitOptionsAnnotations>(services);
        services.AddSingleton<IValidateOptions<RateLimitOptions>, RateLimitOptionsRules>();
        services.AddSingleton<RateLimitMetrics>().AddSingleton<RateLimits>();
        services.AddSingleton(provider => new CallLimits(
            provider.GetRequiredService<RateLimits>(), provider.GetRequiredService<RateLimitMetrics>(), provider.GetRequiredService<TenantDirectory>(),
            provider.GetRequiredService<IOptions<RateLimitOptions>>()));
    }
}
