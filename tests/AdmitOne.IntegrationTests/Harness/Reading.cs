using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Reads answers in the contract's words, without any type of ours: what a client sees is what is tested.</summary>
internal static class Reading
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Guid Id(this JsonElement json, string property = "id") => json.GetProperty(property).GetGuid();

    public static string Text(this JsonElement json, string property) => json.GetProperty(property).GetString()!;

    public static long Number(this JsonElement json, string property) => json.GetProperty(property).GetInt64();

    public static DateTimeOffset Instant(this JsonElement json, string property) => json.GetProperty(property).GetDateTimeOffset();

    public static IReadOnlyList<JsonElement> Items(this JsonElement json, string property = "items") => [.. json.GetProperty(property).EnumerateArray()];

    /// <summary>The answer's body; fails with it when the status is another one.</summary>
    public static async Task<JsonElement> ReadAsync(this HttpResponseMessage answer, HttpStatusCode expected = HttpStatusCode.OK)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.StatusCode == expected, $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode} and not {(int)expected}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The problem's code; fails unless the answer is a whole problem (RFC 9457) with this status.</summary>
    public static async Task<string> RefusedAsync(this HttpResponseMessage answer, HttpStatusCode expected)
    {
        var problem = await answer.ReadAsync(expected);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)expected, problem.Number("status"));
        Assert.All(["type", "title", "detail", "traceId"], member => Assert.NotEmpty(problem.Text(member)));
        return problem.Text("code");
    }

    public static async Task<JsonElement> GetJsonAsync(this HttpClient client, string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await client.GetAsync(path, Cancellation);
        return await answer.ReadAsync(expected);
    }

    /// <summary>Posts, and fails unless the answer is 201.</summary>
    public static async Task<JsonElement> MakeAsync(this HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body, Cancellation);
        return await answer.ReadAsync(HttpStatusCode.Created);
    }

    public static Task<HttpResponseMessage> PostAsync(this HttpClient client, string path, object body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return client.SendAsync(request, Cancellation);
    }
}
