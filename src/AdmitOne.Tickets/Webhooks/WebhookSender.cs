using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Webhooks;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Webhooks;

/// <summary>What an endpoint made of a webhook.</summary>
/// <param name="Status">What it answered; null if it did not.</param>
/// <param name="Fault">Why it counts as not delivered; null if it was.</param>
internal sealed record Sent(int? Status, string? Fault)
{
    public bool IsGone => Status == (int)HttpStatusCode.Gone;
}

/// <summary>Sends one webhook, signed, to an address that a stranger named. Only 2xx within 15 s counts; what the answer says is not read.</summary>
internal sealed class WebhookSender(IOptions<OutgoingWebhookOptions> options, TimeProvider clock) : IDisposable
{
    private readonly HttpClient _http = new(StrangersHandler.Create(allowLoopback: options.Value.AllowLoopback)) { Timeout = TimeSpan.FromSeconds(15) };

    /// <param name="secrets">The newest first; while a secret is rotated, both sign.</param>
    public async Task<Sent> SendAsync(string url, string body, Guid messageId, IEnumerable<string> secrets, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var (id, timestamp) = (messageId.ToString(), clock.GetUtcNow().ToUnixTimeSeconds());
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.ParseAdd("AdmitOne-Webhooks/1.0");
        request.Headers.Add(StandardWebhook.IdHeader, id);
        request.Headers.Add(StandardWebhook.TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(StandardWebhook.SignatureHeader, string.Join(' ', secrets.Select(secret => StandardWebhook.Sign(secret, id, timestamp, bytes))));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var status = (int)answer.StatusCode;
            return new Sent(status, answer.IsSuccessStatusCode ? null : $"It answered {status}.");
        }
        catch (HttpRequestException fault)
        {
            return new Sent(null, fault.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError => "Its name cannot be resolved.",
                HttpRequestError.SecureConnectionError => "Its certificate is not accepted.",
                _ when fault.Message.Contains("no public address", StringComparison.Ordinal) || fault.InnerException?.Message.Contains("no public address", StringComparison.Ordinal) == true
                    => "It is not on a public address.",
                _ => "It cannot be connected to.",
            });
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Sent(null, "It did not answer within 15 s.");
        }
    }

    public void Dispose() => _http.Dispose();
}
