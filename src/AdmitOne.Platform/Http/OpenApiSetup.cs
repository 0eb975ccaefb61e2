using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace AdmitOne.Platform.Http;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>, and a page to browse it at <c>/docs</c>.</summary>
internal static class OpenApiSetup
{
    public static IServiceCollection AddApiDocument(this IServiceCollection services, string title) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, context, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = title,
                Version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3),
                Description = """
                    Every ticket admits one, exactly once.

                    Errors are `application/problem+json` (RFC 9457) with a stable `code`. Besides those that each operation lists, any path may answer
                    404 `route_not_found`, 405 `method_not_allowed`, 414 `uri_too_long` and 431 `headers_too_large`. `HEAD` answers as `GET` does, without the body.
                    A token that is not accepted counts as none where none is needed.
                    """,
                License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
            };
            document.Servers = [new OpenApiServer { Url = "/", Description = "This service" }];
            ApiComponents.Add(document);
            document.Tags = context.DescriptionGroups.SelectMany(group => group.Items).SelectMany(route => route.ActionDescriptor.EndpointMetadata).OfType<TagDescription>()
                .Distinct().Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Text }).ToHashSet();
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(ApiSchemas.DescribeAsync);
        options.AddOperationTransformer(ApiOperations.DescribeAsync);
    });

    public static void MapApiDocument(this WebApplication app, string title)
    {
        app.UseMiddleware<KeptApiDocument>();
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs"), docs => docs.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = title;
            page.SwaggerEndpoint("/openapi/v1.json", title);
        }));
    }
}
