using System.Globalization;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Webhooks;

/// <summary>A webhook whose signature was found good. A handler takes it as a parameter.</summary>
/// <param name="Id">What its sender calls it: a repeated one has the same.</param>
public sealed record ReceivedWebhook(string Id)
{
    internal static readonly object Item = new();

    public static ValueTask<ReceivedWebhook?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Items[Item] as ReceivedWebhook);
    }
}

/// <summary>
/// Lets only signed webhooks through: signature first, then timestamp. Repeats are let through too; whoever acts on one notes its id in the transaction
/// that does it (<see cref="WebhookReceipts"/>), so that a webhook that failed here is welcome again.
/// </summary>
public static class SignedWebhookFilter
{
    private const int MaxIdLength = 255;

    /// <summary>Marks a route as answering webhooks signed with INTERNAL_WEBHOOK_SECRET; it is anonymous to tokens.</summary>
    public static TBuilder RequireSignedWebhook<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder
    {
        route.AllowAnonymous();
        route.WithMetadata(new SignedWebhookRequired());
        return route;
    }

    internal static async Task InvokeAsync(HttpContext context, Func<Task> next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<SignedWebhookRequired>() is null)
        {
            await next();
            return;
        }
        if (await CheckAsync(context) is { } refusal)
        {
            await ProblemWriter.WriteAsync(context, refusal);
            return;
        }
        await next();
    }

    private static async Task<Refusal?> CheckAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var options = context.RequestServices.GetRequiredService<IOptions<WebhookOptions>>().Value;
        context.Request.EnableBuffering();
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Request.Body.Position = 0;

        var id = headers[WebhookSignature.IdHeader].ToString();
        var isNumber = long.TryParse(headers[WebhookSignature.TimestampHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp);
        var (bytes, signatures) = (body.ToArray(), headers[WebhookSignature.SignatureHeader].ToString());
        var matches = new[] { options.Secret, options.SecretPrevious }.OfType<string>().Where(secret => secret.Length > 0)
            .Aggregate(false, (found, secret) => found | WebhookSignature.IsValid(secret, (id, timestamp), bytes, signatures));
        if (!matches || !isNumber || id.Length is 0 or > MaxIdLength || id.Any(c => c is <= ' ' or > '~'))
            return PlatformProblems.BadSignature.With("Sign webhook-id, webhook-timestamp and body with the shared secret, as Standard Webhooks says.");
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if ((now - DateTimeOffset.FromUnixTimeSeconds(Math.Min(timestamp, 253_402_300_799))).Duration() > WebhookSignature.Tolerance)
            return PlatformProblems.StaleTimestamp.With("The timestamp is more than 5 minutes from now.");
        context.Items[ReceivedWebhook.Item] = new ReceivedWebhook(id);
        return null;
    }
}

/// <summary>The route answers signed webhooks.</summary>
public sealed record SignedWebhookRequired;
