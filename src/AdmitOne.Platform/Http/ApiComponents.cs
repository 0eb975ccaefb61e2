using System.Text.Json.Nodes;
using AdmitOne.Platform.Outbound;
using Microsoft.OpenApi;

namespace AdmitOne.Platform.Http;

/// <summary>What many operations of the API document share: the shape of a problem, the headers of answers, and the ways to say who is calling.</summary>
internal static class ApiComponents
{
    public const string Bearer = "bearer";
    public const string Device = "device";
    public const string Problem = "Problem";
    public const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    /// <summary>A signed call needs all five headers together.</summary>
    public static readonly (string Scheme, string Header, string Description)[] Signature =
    [
        ("serviceName", ServiceSignature.ServiceHeader, "Which service calls, such as `ticket-service`."),
        ("serviceTimestamp", ServiceSignature.TimestampHeader, "Unix seconds, at most 60 s from now."),
        ("serviceNonce", ServiceSignature.NonceHeader, "A UUID, new for each attempt."),
        ("serviceTenant", ServiceSignature.TenantHeader, "The tenant for whom the call is."),
        ("serviceSignature", ServiceSignature.SignatureHeader,
            "Hex HMAC-SHA256 with INTERNAL_API_KEY over service, timestamp, nonce, method, path with query, tenant and hex SHA-256 of the body, joined by line feeds."),
    ];

    private static readonly Dictionary<string, OpenApiHeader> s_headers = new()
    {
        ["X-Request-Id"] = Header("The trace id of this request; the logs know it by this.", TraceId),
        ["Location"] = Header("The path of what was made, or of what there is to wait for.", "/api/v1/events/0199a1b2-7c00-7000-8000-000000000001", "uri-reference"),
        ["ETag"] = Header("The version of the resource, a strong entity tag. Send it back as If-Match to edit, as If-None-Match to ask again.", "\"3\""),
        ["Retry-After"] = Header("Seconds after which another attempt makes sense.", 1),
        ["Idempotency-Replayed"] = Header("`true` when this is the answer that was kept under the Idempotency-Key; absent otherwise.", "true"),
        ["RateLimit-Policy"] = Header("The limit that counted this call: its name, how many calls it allows, and in how many seconds.", "\"READ\";q=100;w=60"),
        ["RateLimit"] = Header("Calls left, and the seconds until the oldest one no longer counts.", "\"READ\";r=99;t=60"),
        ["WWW-Authenticate"] = Header("The scheme that is asked for.", "Bearer"),
    };

    public static void Add(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[Problem] = ProblemSchema();
        // A patch is taken as any object and described by what it changes.
        document.Components.Schemas.Remove(nameof(JsonObject));
        var sent = document.Paths.Values.SelectMany(path => path.Operations ?? []).SelectMany(operation => operation.Value.Responses ?? [])
            .SelectMany(response => response.Value.Headers?.Keys ?? []).ToHashSet();
        document.Components.Headers = s_headers.Where(h => sent.Contains(h.Key)).ToDictionary(h => h.Key, IOpenApiHeader (h) => h.Value);
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, BearerFormat = "JWT", Description = "A token of the auth service." },
        };
        if (document.Paths.Values.SelectMany(path => path.Operations ?? []).SelectMany(o => o.Value.Security ?? []).SelectMany(way => way.Keys).Any(scheme => scheme.Reference.Id == Device))
        {
            document.Components.SecuritySchemes[Device] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "Authorization", Description = "A scanner's credential: `Device <id>.<secret>`, as POST /api/v1/devices/activate gave it.",
            };
        }
        if (document.Paths.Keys.Any(path => path.StartsWith("/internal/", StringComparison.Ordinal)))
        {
            foreach (var (scheme, header, description) in Signature)
                document.Components.SecuritySchemes[scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = header, Description = description };
        }
    }

    public static OpenApiSecurityRequirement ByToken(OpenApiDocument? document) => new() { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] };

    public static OpenApiSecurityRequirement ByDevice(OpenApiDocument? document) => new() { [new OpenApiSecuritySchemeReference(Device, document)] = [] };

    public static OpenApiSecurityRequirement BySignature(OpenApiDocument? document)
    {
        var all = new OpenApiSecurityRequirement();
        foreach (var (scheme, _, _) in Signature) all[new OpenApiSecuritySchemeReference(scheme, document)] = [];
        return all;
    }

    private static OpenApiHeader Header(string description, JsonNode example, string? format = null) => new()
    {
        Description = description,
        Schema = new OpenApiSchema { Type = example.GetValueKind() == System.Text.Json.JsonValueKind.Number ? JsonSchemaType.Integer : JsonSchemaType.String, Format = format },
        Example = example,
    };

    private static OpenApiSchema ProblemSchema()
    {
        static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "Why a request was refused (RFC 9457). Some codes add members of their own, such as `available` of `insufficient_inventory`.",
            Required = new HashSet<string> { "type", "title", "status", "detail", "code", "traceId" },
            AdditionalProperties = new OpenApiSchema(),
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("A URN that names the code."),
                ["title"] = Text("The same words for each code."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
                ["detail"] = Text("What happened this time."),
                ["instance"] = Text("The path that was called."),
                ["code"] = Text("Stable, snake_case."),
                ["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Null, Description = "Find it in the logs by this. Null in a refusal that was kept under an Idempotency-Key." },
                ["errors"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Array,
                    Description = "Each rule that was broken, of `validation_failed`.",
                    Items = new OpenApiSchema
                    {
                        Type = JsonSchemaType.Object,
                        Required = new HashSet<string> { "pointer", "message" },
                        Properties = new Dictionary<string, IOpenApiSchema> { ["pointer"] = Text("A JSON pointer to the value."), ["message"] = Text("The rule it breaks.") },
                    },
                },
            },
        };
    }
}
