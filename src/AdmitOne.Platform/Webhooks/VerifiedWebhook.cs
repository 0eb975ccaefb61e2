using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Webhooks;

/// <summary>A webhook whose signature was right. A handler of a route with <see cref="WebhookFilter.RequireWebhookSignature{TBuilder}"/> takes it as a parameter.</summary>
/// <param name="Id">The sender's name for the message: the same again when it is repeated.</param>
public sealed record VerifiedWebhook(string Id)
{
    internal static readonly object Item = new();

    public static ValueTask<VerifiedWebhook?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Items[Item] as VerifiedWebhook);
    }
}
