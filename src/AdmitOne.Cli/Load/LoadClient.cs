using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace AdmitOne.Cli.Load;

/// <summary>What to send: a step's name for the report, a method, an address, and whose token.</summary>
/// <param name="Key">Of idempotency.</param>
/// <param name="Reads">Somebody looks at what the answer says; otherwise it is only received.</param>
public sealed record Call(string Step, HttpMethod Method, string Url, string? Token, string? Body = null, string? Key = null, bool Reads = true);

/// <summary>An answer, read to its end.</summary>
/// <param name="Outcome"><see cref="Samples.Fine"/>, the problem's code, or what else went wrong.</param>
/// <param name="Body">Empty unless it is JSON that somebody reads.</param>
public readonly record struct LoadAnswer(string Outcome, int Status, JsonElement Body)
{
    public bool IsFine => Outcome == Samples.Fine;
}

/// <summary>Sends calls and keeps how long each took, counted from when it was to begin.</summary>
public sealed class LoadClient(HttpMessageInvoker http, Samples samples, ArrivalClock clock)
{
    public const string NoAnswer = "no_answer";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Connections as a balancer keeps them: shared, and as many as are needed at once.</summary>
    public static HttpMessageInvoker Shared() => new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2), UseCookies = false, AllowAutoRedirect = false });

    /// <summary>One user's: a single connection to each service, which is kept.</summary>
    public static HttpMessageInvoker OneConnection() => new(new SocketsHttpHandler { MaxConnectionsPerServer = 1, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2), UseCookies = false, AllowAutoRedirect = false });

    /// <param name="atSeconds">When it was to begin by the clock; null: now.</param>
    public async Task<LoadAnswer> SendAsync(Call call, double? atSeconds = null)
    {
        ArgumentNullException.ThrowIfNull(call);
        var at = atSeconds ?? clock.NowSeconds;
        var answer = await AskAsync(call);
        samples.Add(call.Step, new Sample(at, (clock.NowSeconds - at) * 1000, answer.Outcome));
        return answer;
    }

    private async Task<LoadAnswer> AskAsync(Call call)
    {
        using var request = new HttpRequestMessage(call.Method, call.Url);
        if (call.Token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", call.Token);
        if (call.Key is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", call.Key);
        if (call.Body is not null) request.Content = new StringContent(call.Body, Encoding.UTF8, "application/json");
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            using var answer = await http.SendAsync(request, patience.Token);
            var status = (int)answer.StatusCode;
            var bytes = await answer.Content.ReadAsByteArrayAsync(patience.Token);
            var body = bytes.Length > 0 && (call.Reads || !answer.IsSuccessStatusCode) && answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true ? Parse(bytes) : default;
            return new LoadAnswer(answer.IsSuccessStatusCode ? Samples.Fine : Code(status, body), status, body);
        }
        catch (OperationCanceledException)
        {
            return new LoadAnswer("timeout", 0, default);
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or JsonException)
        {
            return new LoadAnswer(NoAnswer, 0, default);
        }
    }

    private static JsonElement Parse(byte[] bytes)
    {
        using var parsed = JsonDocument.Parse(bytes);
        return parsed.RootElement.Clone();
    }

    private static string Code(int status, JsonElement body) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty("code", out var code) && code.GetString() is { } said ? said : $"http_{status}";
}
