using System.Text.Json;
using System.Text.RegularExpressions;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Platform.Problems;

/// <summary>Turns what the framework could not bind into a refusal that says where, why and what is right, without naming our types.</summary>
internal static partial class UnreadableRequest
{
    public static Refusal Explain(HttpContext context, BadHttpRequestException fault) => fault switch
    {
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge(BodyLimit.MaxBytesOf(context)),
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } =>
            PlatformProblems.UnsupportedMediaType.With("Send the body as application/json."),
        { InnerException: JsonException json } => Explain(context.GetEndpoint(), json),
        { InnerException: InvalidOperationException } => PlatformProblems.UnsupportedMediaType.With("Send the body as UTF-8 JSON."),
        _ when UnknownId(context) is { } id => PlatformProblems.NotFound.With($"\"{id}\" is not an id of anything: an id is {ExpectedValue.Of(typeof(Guid))}."),
        _ when Parameter().Match(fault.Message) is { Success: true } bound => WrongParameter(context, bound.Groups["name"].Value),
        _ when Required().Match(fault.Message) is { Success: true } missing && missing.Groups["from"].Value is not "body" => PlatformProblems.InvalidParameter
            .With($"The parameter {missing.Groups["name"].Value} is required."),
        _ => PlatformProblems.InvalidJson.With("A JSON body is required."),
    };

    public static Refusal TooLarge(int most) => PlatformProblems.BodyTooLarge.With($"A body may have at most {most / 1024} KiB.");

    public static Refusal WrongParameter(QueryParameter parameter) => PlatformProblems.InvalidParameter
        .With($"The parameter {parameter.Name} must be {ExpectedValue.Of(parameter.Type)}.") with
    { Errors = [new ValidationError("/" + JsonPointer.Escape(parameter.Name), $"Must be {ExpectedValue.Of(parameter.Type)}.")] };

    private static Refusal WrongParameter(HttpContext context, string name) => QueryParameters.Find(context.GetEndpoint(), name) is { } parameter
        ? WrongParameter(parameter)
        : PlatformProblems.InvalidParameter.With($"The parameter {name} has a value of the wrong kind.");

    private static Refusal Explain(Endpoint? endpoint, JsonException fault)
    {
        var place = Place(fault);
        if (fault is UnusableTextException unusable) return PlatformProblems.Invalid(JsonPointer.FromPath(fault.Path) + unusable.Below, unusable.Fault);
        if (Unmapped().Match(fault.Message) is { Success: true } unknown)
            return PlatformProblems.UnknownProperty.With($"The property \"{unknown.Groups["name"].Value}\" is not known{Inside(place)}.");
        if (Missing().Match(fault.Message) is { Success: true } missing)
            return PlatformProblems.InvalidJson.With($"Required and missing{Inside(place)}: {missing.Groups["names"].Value.Replace("'", "", StringComparison.Ordinal)}.");
        if (fault.InnerException is InvalidOperationException { Message: var word } && word.Contains("UTF-16", StringComparison.Ordinal))   // a text that is no Unicode
            return PlatformProblems.Invalid(JsonPointer.FromPath(fault.Path), Text.UnicodeText.HalfAPair);
        if (fault.Message.Contains("could not be converted", StringComparison.Ordinal))
            return At(fault, $"Must be {ExpectedValue.At(endpoint, fault.Path) ?? "of another type"}.");
        if (fault.Message.Contains("allow setting null", StringComparison.Ordinal) || fault.Message.Contains("non-nullable", StringComparison.Ordinal))
            return At(fault, "Must not be null.");
        if (fault.Message.Contains("Duplicate", StringComparison.OrdinalIgnoreCase))
            return PlatformProblems.InvalidJson.With($"A property is given twice{Inside(place)}.");
        return PlatformProblems.InvalidJson.With(fault.LineNumber is { } line
            ? $"The body is not valid JSON at line {line + 1}, byte {fault.BytePositionInLine + 1}: {Syntax(fault.Message)}"
            : "The body is not valid JSON.");
    }

    // At the top there is no place to name.
    private static Refusal At(JsonException fault, string message)
    {
        var place = Place(fault);
        return PlatformProblems.InvalidJson.With($"{(place.Length == 0 ? "The body" : place)} m{message[1..]}") with { Errors = [new ValidationError(JsonPointer.FromPath(fault.Path), message)] };
    }

    // What the reader found and what it expected; its advice is about settings of ours.
    private static string Syntax(string message) => Advice().Replace(message.Split(" Path:")[0].Split(" LineNumber:")[0], "");

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

    [GeneratedRegex(" (Change the reader options|To fix it|Consider)[^.]{0,200}\\.|, or enable.{0,100}$", RegexOptions.NonBacktracking)]
    private static partial Regex Advice();
}
