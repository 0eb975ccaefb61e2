using System.Globalization;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace AdmitOne.Platform.Http;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>, and a page to browse it at <c>/docs</c>.</summary>
internal static class OpenApiSetup
{
    private const string Bearer = "bearer";
    private const string ProblemSchema = "Problem";

    public static IServiceCollection AddApiDocument(this IServiceCollection services, string title) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = title,
                Version = "1.0.0",
                Description = "Every ticket admits one, exactly once. Errors are application/problem+json (RFC 9457) with a stable `code`.",
                License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
            };
            document.Servers = [new OpenApiServer { Url = "/", Description = "This service" }];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, BearerFormat = "JWT", Description = "A token of the auth service." },
            };
            document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
            document.Components.Schemas[ProblemSchema] = Problem();
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // Our own converter hides from the framework that an instant is a text.
            var type = context.JsonTypeInfo.Type;
            if (type == typeof(DateTimeOffset)) schema.Type = JsonSchemaType.String;
            else if (type == typeof(DateTimeOffset?)) schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            var open = metadata.OfType<IAllowAnonymous>().Any();
            operation.Security = open ? [] : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];

            var problems = metadata.OfType<RouteProblems>().SelectMany(p => p.Problems).ToList();
            if (!open) problems.AddRange([PlatformProblems.TokenMissing, PlatformProblems.TokenInvalid, PlatformProblems.TokenExpired, PlatformProblems.RoleRequired]);
            if (operation.RequestBody is not null)
                problems.AddRange([PlatformProblems.InvalidJson, PlatformProblems.UnknownProperty, PlatformProblems.ValidationFailed, PlatformProblems.BodyTooLarge, PlatformProblems.UnsupportedMediaType]);
            if (metadata.OfType<NeedsIdempotencyKey>().Any())
            {
                problems.AddRange([PlatformProblems.IdempotencyKeyRequired, PlatformProblems.IdempotencyKeyReused, PlatformProblems.RequestInProgress]);
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = "Idempotency-Key", In = ParameterLocation.Header, Required = true, Description = "8 to 255 visible ASCII characters, new for each purchase.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 8, MaxLength = 255 },
                });
            }
            if (problems.Contains(PlatformProblems.IfMatchRequired))
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = "If-Match", In = ParameterLocation.Header, Required = true, Description = "The entity tag of the version that is edited.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                });
            }
            Describe(operation, context.Document, problems);
            return Task.CompletedTask;
        });
    });

    public static void MapApiDocument(this WebApplication app, string title)
    {
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = title;
            page.SwaggerEndpoint("/openapi/v1.json", title);
        });
    }

    private static void Describe(OpenApiOperation operation, OpenApiDocument? document, List<ProblemType> problems)
    {
        operation.Responses ??= [];
        foreach (var sameStatus in problems.Append(PlatformProblems.InternalError).Distinct().GroupBy(p => p.Status))
        {
            operation.Responses[sameStatus.Key.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = string.Join(", ", sameStatus.Select(p => $"`{p.Code}`: {p.Title}")),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [ProblemWriter.MediaType] = new() { Schema = new OpenApiSchemaReference(ProblemSchema, document) },
                },
            };
        }
    }

    private static OpenApiSchema Problem()
    {
        static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "type", "title", "status", "detail", "code", "traceId" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("A URN that names the code."),
                ["title"] = Text("The same words for each code."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
                ["detail"] = Text("What happened this time."),
                ["instance"] = Text("The path that was called."),
                ["code"] = Text("Stable, snake_case."),
                ["traceId"] = Text("Find it in the logs by this."),
                ["errors"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Array,
                    Items = new OpenApiSchema
                    {
                        Type = JsonSchemaType.Object,
                        Properties = new Dictionary<string, IOpenApiSchema> { ["pointer"] = Text("A JSON pointer to the value."), ["message"] = Text("The rule it breaks.") },
                    },
                },
            },
        };
    }
}
