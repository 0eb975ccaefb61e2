using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace AdmitOne.Platform.Problems;

/// <summary>Says what a place of a request takes, by the type that is read there and by the example of the route.</summary>
internal static class ExpectedValue
{
    private const int MaxExampleLength = 120;

    /// <summary>Of a place in a body.</summary>
    /// <param name="path">As the serializer writes it: <c>$.items[0].quantity</c>.</param>
    /// <returns>Such as <c>one of early_bird, last_minute</c>; null if the route does not say what it reads there.</returns>
    public static string? At(Endpoint? endpoint, string? path)
    {
        var type = endpoint?.Metadata.OfType<IAcceptsMetadata>().Select(accepts => accepts.RequestType)
            .FirstOrDefault(body => body is not null && body != typeof(JsonObject));
        foreach (var step in JsonPointer.Steps(path)) type = type is null ? null : Below(type, step);
        if (type is null) return null;
        var words = Of(type);
        if (words.Contains("such as", StringComparison.Ordinal)) return words;
        return Example(endpoint!, path) is { } example ? $"{words}, such as {example}" : words;
    }

    /// <summary>Of a type.</summary>
    public static string Of(Type type)
    {
        var read = Nullable.GetUnderlyingType(type) ?? type;
        if (read.IsEnum) return "one of " + string.Join(", ", Enum.GetNames(read).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));
        if (read == typeof(string)) return "a text";
        if (read == typeof(bool)) return "true or false";
        if (read == typeof(Guid)) return "a UUID, such as 0199a1b2-7c00-7000-8000-000000000001";
        if (read == typeof(DateTimeOffset))
            return "an instant with its offset from UTC, such as 2026-11-22T19:30:00Z or 2026-11-22T20:30:00+01:00";
        if (read == typeof(int)) return $"a whole number from {int.MinValue} to {int.MaxValue}";
        if (read == typeof(long)) return "a whole number";
        if (read.IsPrimitive || read == typeof(decimal)) return "a number";
        return Json.Requests.GetTypeInfo(read).Kind switch
        {
            JsonTypeInfoKind.Enumerable => "a list",
            JsonTypeInfoKind.Object when Json.Requests.GetTypeInfo(read).Properties is { Count: > 0 and <= 3 } few =>
                $"an object with {string.Join(" and ", few.Select(property => property.Name))}",
            _ => "an object",
        };
    }

    private static Type? Below(Type type, string step)
    {
        var known = Json.Requests.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        return known.Kind == JsonTypeInfoKind.Object
            ? known.Properties.FirstOrDefault(property => property.Name == step)?.PropertyType
            : known.ElementType;
    }

    private static string? Example(Endpoint endpoint, string? path)
    {
        foreach (var route in endpoint.Metadata.OfType<RequestExample>())
        {
            var node = JsonSerializer.SerializeToNode(route.Body, route.Body.GetType(), Json.Answers);
            foreach (var step in JsonPointer.Steps(path))
                node = node is JsonArray list ? list.FirstOrDefault() : (node as JsonObject)?[step];
            if (node?.ToJsonString(Json.Answers) is { Length: > 2 and <= MaxExampleLength } text) return text;
        }
        return null;
    }
}
