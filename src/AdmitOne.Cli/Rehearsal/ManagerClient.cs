using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>Calls of one manager. A call that met a rate limit is repeated, and so is a read that was answered 503.</summary>
internal sealed class ManagerClient(HttpClient http, string token)
{
    private const int Attempts = 5;

    /// <param name="ifMatch">The version that is to be changed.</param>
    /// <exception cref="CannotRunException">It was refused; the message says what and why.</exception>
    public async Task<JsonElement> SendAsync(HttpMethod method, string url, object? body = null, int? ifMatch = null, CancellationToken cancellationToken = default)
    {
        var (answer, refusal) = await TrySendAsync(method, url, body, ifMatch, cancellationToken);
        return answer ?? throw new CannotRunException($"{method} {url} answered {refusal!.Status}: {refusal.Text}");
    }

    /// <returns>The body, or what the refusal said.</returns>
    public async Task<(JsonElement? Answer, Refused? Refusal)> TrySendAsync(HttpMethod method, string url, object? body, int? ifMatch, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, url) { Content = body is null ? null : JsonContent.Create(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (ifMatch is { } version) request.Headers.IfMatch.Add(new EntityTagHeaderValue($"\"{version}\""));
            HttpResponseMessage answer;
            try
            {
                answer = await http.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException away)
            {
                throw new CannotRunException($"cannot reach {new Uri(url).GetLeftPart(UriPartial.Authority)}: {away.Message}", away);
            }
            using (answer)
            {
                var isUnavailable = answer.StatusCode == HttpStatusCode.ServiceUnavailable && method == HttpMethod.Get;
                if ((isUnavailable || answer.StatusCode == HttpStatusCode.TooManyRequests) && attempt < Attempts)
                {
                    await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(5), cancellationToken);
                    continue;
                }
                var text = await answer.Content.ReadAsStringAsync(cancellationToken);
                return answer.IsSuccessStatusCode ? (text.Length == 0 ? default(JsonElement) : Parse(text), null) : (null, new Refused((int)answer.StatusCode, text));
            }
        }
    }

    private static JsonElement Parse(string text)
    {
        using var parsed = JsonDocument.Parse(text);
        return parsed.RootElement.Clone();
    }
}

/// <param name="Text">The problem as it came.</param>
internal sealed record Refused(int Status, string Text)
{
    public string? Code
    {
        get
        {
            try
            {
                using var parsed = JsonDocument.Parse(Text);
                return parsed.RootElement.TryGetProperty("code", out var code) ? code.GetString() : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
