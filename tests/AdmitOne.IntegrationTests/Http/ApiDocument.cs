using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Http;

/// <summary>A service's OpenAPI document as its reader gets it.</summary>
internal sealed class ApiDocument(JsonElement root)
{
    private static readonly string[] s_methods = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

    public JsonElement Root => root;

    public static async Task<ApiDocument> ReadAsync(HttpClient client)
    {
        using (client) return new ApiDocument(await client.GetJsonAsync("/openapi/v1.json"));
    }

    public IEnumerable<Operation> Operations =>
        from path in root.GetProperty("paths").EnumerateObject()
        from method in path.Value.EnumerateObject()
        where s_methods.Contains(method.Name)
        select new Operation(method.Name.ToUpperInvariant(), path.Name, method.Value);

    /// <summary>The bodies of one operation: where each is, its media type and what the document says of it.</summary>
    public static IEnumerable<Body> Bodies(Operation operation)
    {
        if (operation.Json.TryGetProperty("requestBody", out var request))
            foreach (var body in request.GetProperty("content").EnumerateObject()) yield return new Body($"{operation} request", body.Name, body.Value, IsRequest: true);
        foreach (var response in operation.Json.GetProperty("responses").EnumerateObject())
            if (response.Value.TryGetProperty("content", out var content))
                foreach (var body in content.EnumerateObject()) yield return new Body($"{operation} {response.Name}", body.Name, body.Value, IsRequest: false);
    }

    internal sealed record Operation(string Method, string Path, JsonElement Json)
    {
        public bool TakesSomething => Json.TryGetProperty("requestBody", out _) || Json.TryGetProperty("parameters", out _) || NeedsToken;

        public bool NeedsToken => Json.TryGetProperty("security", out var security) && security.EnumerateArray().Any() && security.EnumerateArray().All(s => s.EnumerateObject().Any());

        public override string ToString() => $"{Method} {Path}";
    }

    internal sealed record Body(string Place, string MediaType, JsonElement Json, bool IsRequest)
    {
        public bool IsJson => MediaType == "application/json" || MediaType.EndsWith("+json", StringComparison.Ordinal);

        public IEnumerable<JsonElement> Examples =>
            Json.TryGetProperty("example", out var only) ? [only]
            : Json.TryGetProperty("examples", out var several) ? several.EnumerateObject().Select(e => e.Value.GetProperty("value"))
            : [];
    }
}
