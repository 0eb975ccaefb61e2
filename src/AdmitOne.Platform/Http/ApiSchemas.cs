using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AdmitOne.Platform.Http;

/// <summary>What the framework cannot know of our types: how instants are written, which words a text may be, and what their summaries say.</summary>
internal static class ApiSchemas
{
    // The framework's own names: a schema that becomes a component, and what is said of it where it is referred to.
    private const string SchemaId = "x-schema-id";
    private const string RefDescription = "x-ref-description";

    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo.Type;
        if ((Nullable.GetUnderlyingType(type) ?? type) == typeof(DateTimeOffset))
        {
            // Our own converter hides from the framework that an instant is a text.
            schema.Type = Nullable.GetUnderlyingType(type) is null ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
            schema.Format = "date-time";
        }
        else if ((Nullable.GetUnderlyingType(type) ?? type) is var number && (number == typeof(int) || number == typeof(long)))
        {
            // So does the one for integers.
            schema.Type = Nullable.GetUnderlyingType(type) is null ? JsonSchemaType.Integer : JsonSchemaType.Integer | JsonSchemaType.Null;
            schema.Format = number == typeof(int) ? "int32" : "int64";
        }
        // What a property or a parameter says of itself; the framework leaves out its words.
        var attributes = context.JsonPropertyInfo is { } known ? known.AttributeProvider : (context.ParameterDescription?.ParameterDescriptor as IParameterInfoParameterDescriptor)?.ParameterInfo;
        if (attributes?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: true) is [AllowedValuesAttribute allowed])
            schema.Enum = [.. allowed.Values.OfType<string>().Select(word => (JsonNode)word)];
        if (context.JsonPropertyInfo is not null)
        {
            if (attributes is MemberInfo member && XmlDocs.Summary(member) is { } summary) Say(schema, summary);
        }
        else if (schema.Description is null && IsOurs(type) && XmlDocs.Summary(type) is { } summary)
        {
            schema.Description = summary;
        }
        return Task.CompletedTask;
    }

    private static void Say(OpenApiSchema schema, string summary)
    {
        if (schema.Metadata?.TryGetValue(SchemaId, out var id) == true && id is string { Length: > 0 }) schema.Metadata[RefDescription] = summary;
        else schema.Description ??= summary;
    }

    private static bool IsOurs(Type type) => type.Namespace?.StartsWith("AdmitOne", StringComparison.Ordinal) == true;
}
