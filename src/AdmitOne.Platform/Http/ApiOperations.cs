using System.Globalization;
using System.Net.Mime;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AdmitOne.Platform.Http;

/// <summary>Writes down for each operation what its route says of itself: who may call, what it is sent, and every answer with its headers and an example.</summary>
internal static class ApiOperations
{
    private const string MergePatchJson = "application/merge-patch+json";

    // What a client may leave out is left out: an example of null teaches a bad habit.
    private static readonly JsonSerializerOptions s_requests = new(Json.Answers) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var route = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Security = Security(route, context.Document);
        Parameters(operation, route);
        await RequestAsync(operation, context, route, cancellationToken);

        operation.Responses ??= [];
        Refusals(operation, context, ApiRefusals.Of(operation, route, context.Description));
        var inOrder = new OpenApiResponses();
        foreach (var (status, answer) in operation.Responses.OrderBy(r => r.Key, StringComparer.Ordinal)) inOrder[status] = answer;
        operation.Responses = inOrder;
        foreach (var (status, answer) in inOrder)
        {
            if (answer is not OpenApiResponse response) continue;
            if (status == "200")
                foreach (var mediaType in route.OfType<OtherMediaTypes>().SelectMany(other => other.Names))
                    (response.Content ??= new Dictionary<string, OpenApiMediaType>())[mediaType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } };
            Examples(response, status, route);
            Headers(response, status, route, context.Document);
        }
    }

    private static List<OpenApiSecurityRequirement> Security(IList<object> route, OpenApiDocument? document)
    {
        if (route.OfType<SignedCallRequired>().Any()) return [ApiComponents.BySignature(document)];
        if (route.OfType<SignedCallAccepted>().Any()) return [ApiComponents.ByToken(document), ApiComponents.BySignature(document)];
        if (route.OfType<IAuthorizeData>().Any(a => a.Policy == Policies.Door)) return [ApiComponents.ByToken(document), ApiComponents.ByDevice(document)];
        if (!route.OfType<IAllowAnonymous>().Any()) return [ApiComponents.ByToken(document)];
        // A public route that looks at the caller answers more to some.
        return route.OfType<MethodInfo>().Any(handler => handler.GetParameters().Any(p => p.ParameterType == typeof(Caller))) ? [[], ApiComponents.ByToken(document)] : [];
    }

    private static void Parameters(OpenApiOperation operation, IList<object> route)
    {
        var parameters = operation.Parameters ??= [];
        // The five headers of a signed call are its security scheme.
        if (route.OfType<SignedCallRequired>().Any())
            foreach (var header in parameters.Where(p => p.In == ParameterLocation.Header && ApiComponents.Signature.Any(s => s.Header == p.Name)).ToList()) parameters.Remove(header);

        if (IdempotencyRoutes.AreHonouredBy(route))
            parameters.Add(Header("Idempotency-Key", required: route.OfType<NeedsIdempotencyKey>().Any(), "8 to 255 visible ASCII characters, new for each request: the same key and body get the first answer again.",
                new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 8, MaxLength = 255, Pattern = "^[!-~]+$" }, "0199a1b2-7c00-7000-8000-0000000000aa"));
        if (route.OfType<RouteProblems>().Any(p => p.Problems.Contains(PlatformProblems.IfMatchRequired)))
            parameters.Add(Header("If-Match", required: true, "The entity tag of the version that is edited, or `*`.", new OpenApiSchema { Type = JsonSchemaType.String }, "\"3\""));
        if (operation.Responses?.ContainsKey("304") == true)
            parameters.Add(Header("If-None-Match", required: false, "The entity tag of the version that the client has: 304 if it is still that.", new OpenApiSchema { Type = JsonSchemaType.String }, "\"3\""));

        foreach (var parameter in parameters.OfType<OpenApiParameter>())
        {
            parameter.Description ??= parameter.Name switch
            {
                "limit" => $"How many at most; {Paging.DefaultLimit} by default.",
                "cursor" => "The nextCursor of the page before.",
                _ => null,
            };
        }
        if (parameters.Count == 0) operation.Parameters = null;
    }

    private static OpenApiParameter Header(string name, bool required, string description, OpenApiSchema schema, string example) =>
        new() { Name = name, In = ParameterLocation.Header, Required = required, Description = description, Schema = schema, Example = example };

    private static async Task RequestAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, IList<object> route, CancellationToken cancellationToken)
    {
        if (operation.RequestBody?.Content is not { } content) return;
        var examples = route.OfType<RequestExample>().Select(e => (e.Name, Write(e.Body, s_requests))).ToList();
        foreach (var body in content.Values)
        {
            Put(body, examples);
            // A patch names what changes: nothing of the resource is required.
            if (content.ContainsKey(MergePatchJson) && context.Description.ParameterDescriptions.FirstOrDefault(p => p.Source.Id == "Body")?.Type is { } type && type == typeof(JsonObject)
                && route.OfType<IAcceptsMetadata>().Select(a => a.RequestType).OfType<Type>().FirstOrDefault(t => t != typeof(JsonObject)) is { } resource)
            {
                var patch = await context.GetOrCreateSchemaAsync(resource, null, cancellationToken);
                patch.Required = null;
                patch.Description = "What changes; null removes what may be absent, and what is not named stays (RFC 7396).";
                body.Schema = patch;
            }
        }
    }

    private static void Refusals(OpenApiOperation operation, OpenApiOperationTransformerContext context, IEnumerable<ProblemType> problems)
    {
        var path = "/" + context.Description.RelativePath?.Trim('/');
        foreach (var sameStatus in problems.Distinct().GroupBy(p => p.Status))
        {
            var status = sameStatus.Key.ToString(CultureInfo.InvariantCulture);
            // A route that answers with this status also when it is well (health: 503) has described that itself.
            if (operation.Responses!.TryGetValue(status, out var own) && own.Content?.Count > 0) continue;
            var body = new OpenApiMediaType { Schema = new OpenApiSchemaReference(ApiComponents.Problem, context.Document) };
            Put(body, sameStatus.Select(p => ((string?)p.Code, Like(p, path))).ToList());
            operation.Responses[status] = new OpenApiResponse
            {
                Description = string.Join(", ", sameStatus.Select(p => $"`{p.Code}`: {p.Title}")),
                Content = new Dictionary<string, OpenApiMediaType> { [ProblemWriter.MediaType] = body },
            };
        }
    }

    private static JsonNode Like(ProblemType problem, string path)
    {
        var members = ProblemWriter.Members(problem.Example, path, traceId: null);
        members["traceId"] = ApiComponents.TraceId;   // not that of the request that reads the document
        return Write(members, Json.Answers);
    }

    private static void Examples(OpenApiResponse response, string status, IList<object> route)
    {
        if (response.Content?.TryGetValue(MediaTypeNames.Application.Json, out var body) != true) return;
        var all = route.OfType<AnswerExample>().ToList();
        var mine = all.Where(e => e.Status?.ToString(CultureInfo.InvariantCulture) == status).ToList();
        Put(body!, (mine.Count > 0 ? mine : all.Where(e => e.Status is null)).Select(e => (e.Name, Write(e.Body, Json.Answers))).ToList());
    }

    private static void Headers(OpenApiResponse response, string status, IList<object> route, OpenApiDocument? document)
    {
        var headers = new List<string> { "X-Request-Id" };
        if (route.OfType<CountedAs>().Any() && !route.OfType<SignedCallRequired>().Any()) headers.AddRange(["RateLimit-Policy", "RateLimit"]);
        if (status is "201" or "202") headers.Add("Location");
        if (status is "200" or "201" or "304" && route.OfType<AnswersEntityTag>().Any()) headers.Add("ETag");
        if (status is "200" or "201" or "202" or "204" or "402" && IdempotencyRoutes.AreHonouredBy(route)) headers.Add("Idempotency-Replayed");
        if (status is "401") headers.Add("WWW-Authenticate");
        if (response.Content?.ContainsKey(ProblemWriter.MediaType) == true && (status is "503" or "429" || (status is "409" && IdempotencyRoutes.AreHonouredBy(route)))) headers.Add("Retry-After");
        response.Headers = headers.ToDictionary(name => name, IOpenApiHeader (name) => new OpenApiHeaderReference(name, document));
    }

    // One is `example`, several are `examples`, each by its name.
    private static void Put(OpenApiMediaType body, List<(string? Name, JsonNode Value)> examples)
    {
        if (examples is [var (_, only)]) body.Example = only;
        else if (examples.Count > 1) body.Examples = examples.ToDictionary(e => e.Name ?? "plain", IOpenApiExample (e) => new OpenApiExample { Value = e.Value });
    }

    private static JsonNode Write(object body, JsonSerializerOptions options) => JsonSerializer.SerializeToNode(body, body.GetType(), options)!;
}
