using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Platform.Problems;

/// <summary>Turns what the framework could not bind into a refusal that says where and why, without naming our types.</summary>
internal static partial class UnreadableRequest
{
    public static Refusal Explain(HttpContext context, BadHttpRequestException fault) => fault switch
    {
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge(BodyLimit.MaxBytesOf(context)),
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } =>
            PlatformProblems.UnsupportedMediaType.With("Send the body as application/json."),
        { InnerException: JsonException json } => Explain(json),
        { InnerException: InvalidOperationException } => PlatformProblems.UnsupportedMediaType.With("Send the body as UTF-8 JSON."),
        _ when UnknownId(context) is { } id => PlatformProblems.NotFound.With($"\"{id}\" is not an id of anything."),
        _ when Parameter().Match(fault.Message) is { Success: true } bound => PlatformProblems.InvalidParameter
            .With($"The parameter {bound.Groups["name"].Value} has a value of the wrong kind."),
        _ when Required().Match(fault.Message) is { Success: true } missing && missing.Groups["from"].Value is not "body" => PlatformProblems.InvalidParameter
            .With($"The parameter {missing.Groups["name"].Value} is required."),
        _ => PlatformProblems.InvalidJson.With("A JSON body is required."),
    };

    public static Refusal TooLarge(int most) => PlatformProblems.BodyTooLarge.With($"A body may have at most {most / 1024} KiB.");

    private static Refusal Explain(JsonException fault)
    {
        var place = Place(fault);
        if (Unmapped().Match(fault.Message) is { Success: true } unknown)
            return PlatformProblems.UnknownProperty.With($"The property \"{unknown.Groups["name"].Value}\" is not known{Inside(place)}.");
        if (Missing().Match(fault.Message) is { Success: true } missing)
            return PlatformProblems.InvalidJson.With($"Required and missing{Inside(place)}: {missing.Groups["names"].Value.Replace("'", "", StringComparison.Ordinal)}.");
        if (fault.Message.Contains("could not be converted", StringComparison.Ordinal))
            return PlatformProblems.InvalidJson.With($"The value at {(place.Length == 0 ? "the top" : place)} is of the wrong type.");
        if (fault.Message.Contains("allow setting null", StringComparison.Ordinal) || fault.Message.Contains("non-nullable", StringComparison.Ordinal))
            return PlatformProblems.InvalidJson.With($"The value at {place} must not be null.");
        if (fault.Message.Contains("Duplicate", StringComparison.OrdinalIgnoreCase))
            return PlatformProblems.InvalidJson.With($"A property is given twice{Inside(place)}.");
        return PlatformProblems.InvalidJson.With(fault.LineNumber is { } line
            ? $"The body is not valid JSON: line {line + 1}, byte {fault.BytePositionInLine + 1}."
            : "The body is not valid JSON.");
    }

    private static string Place(JsonException fault) => fault.Path is null or "$" ? "" : fault.Path.TrimStart('$').TrimStart('.');

    private static string Inside(string place) => place.Length == 0 ? "" : $" (at {place})";

    // A path id that is no UUID names nothing: 404, whatever the handler's parameter is called.
    private static string? UnknownId(HttpContext context) =>
        context.GetRouteData().Values.Where(v => v.Key.EndsWith("id", StringComparison.OrdinalIgnoreCase))
            .Select(v => v.Value as string).FirstOrDefault(v => v is not null && !Guid.TryParse(v, out _));

    [GeneratedRegex("""^The JSON property '(?<name>[^']{1,100})""", RegexOptions.NonBacktracking)]
    private static partial Regex Unmapped();

    [GeneratedRegex("""missing required properties including: (?<names>[^.]{1,500})""", RegexOptions.NonBacktracking)]
    private static partial Regex Missing();

    [GeneratedRegex("""^Failed to bind parameter ".{0,100} (?<name>\w{1,50})" from""", RegexOptions.NonBacktracking)]
    private static partial Regex Parameter();

    [GeneratedRegex("""^Required parameter ".{0,100} (?<name>\w{1,50})" was not provided from (?<from>\w{1,20})""", RegexOptions.NonBacktracking)]
    private static partial Regex Required();
}
