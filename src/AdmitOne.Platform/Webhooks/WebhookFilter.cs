using System.Globalization;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Webhooks;

/// <summary>Who signs the webhooks of a route, and so with which secret.</summary>
public enum WebhookSource
{
    /// <summary>PAYMENT_WEBHOOK_SECRET.</summary>
    Payments,

    /// <summary>MINTING_WEBHOOK_SECRET.</summary>
    Minting,
}

/// <summary>
/// Lets only webhooks through that were signed with the secret of their sender, or INTERNAL_WEBHOOK_SECRET where it has none of its own: the signature
/// first, then the timestamp. Nothing is recorded of the others.
/// </summary>
public static class WebhookFilter
{
    private const int MaxIdLength = 255;

    /// <summary>Marks a route as answering signed webhooks; it is anonymous to tokens. Its handler records the id, with <see cref="WebhookReceipts"/>.</summary>
    public static TBuilder RequireWebhookSignature<TBuilder>(this TBuilder route, WebhookSource source) where TBuilder : IEndpointConventionBuilder
    {
        route.AllowAnonymous();
        route.WithMetadata(new WebhookSignatureRequired(source));
        return route;
    }

    internal static RequestDelegate RequireSigned(RequestDelegate next) => context =>
        context.GetEndpoint()?.Metadata.GetMetadata<WebhookSignatureRequired>() is { } required ? RequireAsync(context, next, required.Source) : next(context);

    private static async Task RequireAsync(HttpContext context, RequestDelegate next, WebhookSource source)
    {
        if (await CheckAsync(context, source) is { } refusal)
        {
            var limited = await context.RequestServices.GetRequiredService<CallLimits>().SpendAnonymousAsync(context);
            await ProblemWriter.WriteAsync(context, limited ?? refusal);
            return;
        }
        await next(context);
    }

    private static async Task<Refusal?> CheckAsync(HttpContext context, WebhookSource source)
    {
        var headers = context.Request.Headers;
        var options = context.RequestServices.GetRequiredService<IOptions<ServiceOptions>>().Value;
        BodyLimit.KeepBody(context);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Request.Body.Position = 0;

        var id = headers[StandardWebhook.IdHeader].ToString();
        var bytes = body.ToArray();
        var readable = long.TryParse(headers[StandardWebhook.TimestampHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp) && id.Length is > 0 and <= MaxIdLength;
        var matches = Secrets(options, source).Aggregate(false, (found, secret) => found | StandardWebhook.IsValid(secret, id, timestamp, bytes, headers[StandardWebhook.SignatureHeader].ToString()));
        if (!readable || !matches) return PlatformProblems.BadSignature.With("Sign webhook-id, webhook-timestamp and the body with the shared secret, as Standard Webhooks 1.0 says.");

        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if ((now - DateTimeOffset.FromUnixTimeSeconds(Math.Min(timestamp, DateTimeOffset.MaxValue.ToUnixTimeSeconds()))).Duration() > StandardWebhook.Tolerance)
            return PlatformProblems.StaleTimestamp.With("The timestamp is more than 5 min from now.");
        context.Items[VerifiedWebhook.Item] = new VerifiedWebhook(id);
        return null;
    }

    // A sender with a secret of its own is not spoken for by whoever knows another one's.
    private static IEnumerable<string> Secrets(ServiceOptions options, WebhookSource source)
    {
        var (own, previous) = source == WebhookSource.Payments
            ? (options.PaymentWebhookSecret, options.PaymentWebhookSecretPrevious)
            : (options.MintingWebhookSecret, options.MintingWebhookSecretPrevious);
        string?[] secrets = string.IsNullOrEmpty(own) ? [options.InternalWebhookSecret, options.InternalWebhookSecretPrevious, previous] : [own, previous];
        return secrets.Where(secret => !string.IsNullOrEmpty(secret)).OfType<string>();
    }
}

/// <summary>The route answers calls that Standard Webhooks 1.0 signs.</summary>
public sealed record WebhookSignatureRequired(WebhookSource Source);
