using System.Collections.Concurrent;
using System.Globalization;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.RateLimiting;

/// <summary>
/// Counts each call once, after it is known who calls and before anything is done for them. A hold, a purchase or a transfer that is refused later without
/// an effect is given back. A token that is not accepted counts for the address that sent it and for no user.
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

    /// <summary>So many refused tries cost nothing for each call that the tier allows: without a bound, they would be a way around the limit for a flood.</summary>
    internal const int FreeTries = 20;

    private readonly RateLimits _limits;
    private readonly RateLimitMetrics _metrics;
    private readonly TenantDirectory _tenants;
    private readonly CacheablePages _pages;
    private readonly RateLimitOptions _options;
    private readonly Dictionary<(string Role, RateTier Tier), double> _multipliers;
    private readonly ConcurrentDictionary<(RateTier Tier, int Max), string> _policies = new();   // one for each tier and multiplier

    internal CallLimits(RateLimits limits, RateLimitMetrics metrics, TenantDirectory tenants, CacheablePages pages, IOptions<RateLimitOptions> options)
    {
        (_limits, _metrics, _tenants, _pages, _options) = (limits, metrics, tenants, pages, options.Value);
        RateLimitOptions.TryReadMultipliers(_options.Multipliers, out _multipliers);
    }

    /// <summary>Counts a webhook whose signature was good and whose tenant is known.</summary>
    /// <returns>A refusal to answer with, or null.</returns>
    public async ValueTask<Refusal?> SpendWebhookAsync(HttpContext context, Guid tenantId)
    {
        if (!_options.Enabled) return null;
        var standing = await _tenants.FindAsync(tenantId, context.RequestAborted);
        return await SpendAsync(context, RateTier.Webhook, $"{tenantId:n}", Rule(_options.MaxOf(RateTier.Webhook), standing?.LimitMultiplier ?? 1));
    }

    /// <summary>Counts a call that nobody vouches for: a signature or a credential that was not accepted.</summary>
    /// <returns>A refusal to answer with instead, or null.</returns>
    public ValueTask<Refusal?> SpendAnonymousAsync(HttpContext context) =>
        _options.Enabled ? SpendAsync(context, RateTier.Global, ClientNetwork.Of(context), Rule(_options.MaxOf(RateTier.Global))) : default;

    internal ValueTask<Refusal?> SpendAsync(HttpContext context)
    {
        if (!_options.Enabled) return default;
        var endpoint = context.GetEndpoint();
        // What the platform maps for orchestrators and scrapers has no tier; what is no route of ours is anybody's guess, and is limited.
        if (endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<SignedCallRequired>() is not null) return default;
        // The signature is looked at later; a call whose signature is not accepted is counted then.
        if (endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<SignedCallAccepted>() is not null && context.Request.Headers.ContainsKey(ServiceSignature.SignatureHeader)) return default;
        var named = endpoint?.Metadata.GetMetadata<CountedAs>()?.Tier;
        if (endpoint is RouteEndpoint && named is null or RateTier.Webhook) return default;
        if (endpoint?.Metadata.GetMetadata<CountedAsSignIn>() is not null)
            return SpendAsync(context, RateTier.Global, $"{ClientNetwork.Of(context)}:sign-in", Rule(Math.Max(_options.SignInMax, _options.MaxOf(RateTier.Global))));

        var reads = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        // A scanner whose credential was found good has limits of its own: many of them stand behind one address.
        if (named is { } ofDoor && context.Items[Actor.Item] is Actor { Id: { } device })
            return SpendAsync(context, ofDoor, $"device:{device:n}", Rule(_options.MaxOf(ofDoor), _multipliers.GetValueOrDefault((Roles.Device, ofDoor), 1), AheadOf(ofDoor)));
        if (context.Items[Caller.Item] is not Caller caller || named is null)
        {
            return reads && endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null
                ? SpendPublicReadAsync(context)
                : SpendAsync(context, RateTier.Global, ClientNetwork.Of(context), Rule(_options.MaxOf(RateTier.Global), ahead: reads && endpoint is RouteEndpoint ? ReadsAhead : 0));
        }

        var tier = named == RateTier.Global && reads ? RateTier.Read : named.Value;
        var factor = _multipliers.GetValueOrDefault((caller.Role, tier), 1) * (context.Items[TenantDirectory.MultiplierItem] as double? ?? 1);
        var rule = Rule(_options.MaxOf(tier, caller.Role), factor, AheadOf(tier)) with { IsGivenBack = IsGivenBack(tier) };
        return SpendAsync(context, tier, $"{caller.TenantId:n}:{caller.UserId:n}", rule);
    }

    /// <summary>Whether a try of this tier that is refused without an effect costs nothing.</summary>
    internal static bool IsGivenBack(RateTier tier) => tier is RateTier.Purchase or RateTier.Transfer;

    // A busy door asks often for the same few callers; everybody else is counted call by call.
    private static double AheadOf(RateTier tier) => tier == RateTier.QrScan ? ScansAhead : 0;

    private LimitRule Rule(int of, double factor = 1, double ahead = 0)
    {
        var max = (int)Math.Clamp(of * factor, 1, 1_000_000);
        return new LimitRule(max, _options.WindowMs, Math.Max((int)(max * ahead), 1));
    }

    private ValueTask<Refusal?> SpendAsync(HttpContext context, RateTier tier, string who, LimitRule rule)
    {
        var key = $"{RateLimitOptions.Word(tier)}:{who}";
        var spent = _limits.SpendAsync(key, rule);
        return spent.IsCompletedSuccessfully ? new ValueTask<Refusal?>(Say(context, tier, key, rule, spent.Result)) : SayAsync(context, tier, key, rule, spent);
    }

    private async ValueTask<Refusal?> SayAsync(HttpContext context, RateTier tier, string key, LimitRule rule, ValueTask<LimitAnswer> spent) => Say(context, tier, key, rule, await spent);

    private Refusal? Say(HttpContext context, RateTier tier, string key, LimitRule rule, LimitAnswer answer)
    {
        WriteHeaders(context.Response.Headers, tier, rule, answer);
        if (answer.Granted > 0)
        {
            if (rule.IsGivenBack) context.Response.OnStarting(static state => ((CountedCall)state).GiveBackIfRefusedAsync(), new CountedCall(this, context, tier, key, rule, answer));
            return null;
        }
        _metrics.Refused(tier);
        var (word, window, seconds) = (RateLimitOptions.Word(tier), Math.Max(1, rule.WindowMs / 1000), Seconds(answer));
        return PlatformProblems.RateLimited.With($"{word} allows {rule.Max} calls in {window} s; the next one may be made in {seconds} s.").And("tier", word)
            with
        { RetryAfterSeconds = seconds };
    }

    private void WriteHeaders(IHeaderDictionary headers, RateTier tier, LimitRule rule, LimitAnswer answer)
    {
        var word = RateLimitOptions.Word(tier);
        headers["RateLimit-Policy"] = _policies.GetOrAdd((tier, rule.Max), static (_, rule) =>
            string.Create(CultureInfo.InvariantCulture, $"\"{rule.Word}\";q={rule.Max};w={rule.Seconds}"), (Word: word, rule.Max, Seconds: Math.Max(1, rule.WindowMs / 1000)));
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"{word}\";r={answer.Remaining};t={Seconds(answer)}");
    }

    private static int Seconds(LimitAnswer answer) => (int)Math.Max(1, (answer.ResetMs + 999) / 1000);

    private ValueTask<Refusal?> SpendPublicReadAsync(HttpContext context)
    {
        var (page, who) = (CacheablePages.Of(context.Request), $"{ClientNetwork.Of(context)}:public");
        var rule = Rule(_options.MaxOfPublicReads, ahead: ReadsAhead);
        if (_pages.IsFresh(page))
        {
            WriteHeaders(context.Response.Headers, RateTier.Global, rule, _limits.Look($"{RateLimitOptions.Word(RateTier.Global)}:{who}", rule));
            return default;
        }
        context.Response.OnStarting(static state => ((PublicRead)state).EndAsync(), new PublicRead(this, context, page, who, rule));
        return SpendAsync(context, RateTier.Global, who, rule);
    }

    /// <summary>A read of a public page: an answer that says "not modified" costs nothing, and one that caches may keep is remembered.</summary>
    private sealed record PublicRead(CallLimits Limits, HttpContext Context, string Page, string Who, LimitRule Rule)
    {
        public async Task EndAsync()
        {
            Limits._pages.Note(Page, Context.Response);
            if (Context.Response.StatusCode != StatusCodes.Status304NotModified) return;
            var key = $"{RateLimitOptions.Word(RateTier.Global)}:{Who}";
            await Limits._limits.GiveBackAsync(key, Rule, default);
            Limits.WriteHeaders(Context.Response.Headers, RateTier.Global, Rule, Limits._limits.Look(key, Rule));
        }
    }

    /// <summary>A call that was counted before it was known whether it has an effect.</summary>
    private sealed record CountedCall(CallLimits Limits, HttpContext Context, RateTier Tier, string Key, LimitRule Rule, LimitAnswer Answer)
    {
        public async Task GiveBackIfRefusedAsync()
        {
            if (!HadNoEffect()) return;
            var tries = await Limits._limits.SpendAsync($"{Key}:refused", new LimitRule((int)Math.Min((long)Rule.Max * FreeTries, 1_000_000), Rule.WindowMs));
            if (tries.Granted == 0) return;
            await Limits._limits.GiveBackAsync(Key, Rule, Answer);
            Limits.WriteHeaders(Context.Response.Headers, Tier, Rule, Answer with { Remaining = Answer.Remaining + 1 });
        }

        // A declined payment was tried with the provider, so 402 counts. Whoever found the lane full was refused before anything was decided.
        private bool HadNoEffect() => Context.Response.StatusCode is >= 400 and < 500 and not StatusCodes.Status402PaymentRequired
            || Equals(Context.Items[ProblemWriter.CodeItem], PlatformProblems.Overloaded.Code);
    }
}

internal static class RateLimitSetup
{
    public static void AddRateLimits(this IServiceCollection services)
    {
        services.AddOptions<RateLimitOptions>();
        Configuration.ConfigurationExtensions.AddCheckedOptions<RateLimitOptions, RateLimitOptionsAnnotations>(services);
        services.AddSingleton<IValidateOptions<RateLimitOptions>, RateLimitOptionsRules>();
        services.AddSingleton<RateLimitMetrics>().AddSingleton<RateLimits>().AddSingleton<CacheablePages>();
        services.AddSingleton(provider => new CallLimits(
            provider.GetRequiredService<RateLimits>(), provider.GetRequiredService<RateLimitMetrics>(), provider.GetRequiredService<TenantDirectory>(),
            provider.GetRequiredService<CacheablePages>(), provider.GetRequiredService<IOptions<RateLimitOptions>>()));
    }
}
